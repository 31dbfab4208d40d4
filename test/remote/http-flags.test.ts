import { describe, expect, test } from 'vitest'
import type { Misbehaviour } from '../../src/testing/misbehaving-server'
import { against, bytes, key, left, right } from './against'

const box = key('a', 'MX').namespace
const pending = { namespace: box, flag: 'PENDING', order: 'oldest' } as const
const answering = (body: string) => against((): Misbehaviour => ({ do: 'answer', status: 200, body }))

describe('the list by flag', () => {
  test('is one request, with the plus of its order written so that it stays one', async () => {
    const { server, remote } = await against(() => undefined)
    expect(right(await remote.flags!.list(pending)())).toEqual([])
    expect(right(await remote.flags!.list({ ...pending, flag: 'FAILED', order: 'newest' })())).toEqual([])
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /blobs/ada/?namespace=MX&filter_flag=PENDING&order_by=%2Bdate',
      'GET /blobs/ada/?namespace=MX&filter_flag=FAILED&order_by=-date',
    ])
  })

  test('keeps the server’s order, each id once, and leaves out what is no id', async () => {
    const { remote } = await answering(JSON.stringify(['z', 'a', '../x', 'z', 5, null, '', 'nl\n', { id: 'm', size: 3 }]))
    expect(right(await remote.flags!.list(pending)())).toEqual(['z', 'a', 'm'])
  })

  test('that is no list is Corrupt', async () => {
    for (const body of ['', '{}', '[', 'null', '{"count":1}', '<html>', '"a"']) {
      const { remote } = await answering(body)
      expect(left(await remote.flags!.list(pending)())._tag, body).toBe('Corrupt')
    }
  })

  test('that never ends is given up at its limit, and the socket freed', async () => {
    const { server, remote } = await against(() => ({ do: 'endless', part: '"aaaaaaaaaaaaaaaaaaaa",'.repeat(100) }), {
      listBytesMax: 200_000,
    })
    expect(left(await remote.flags!.list(pending)())._tag).toBe('TooLarge')
    expect(await server.requests[0]?.wasHungUp).toBe(true)
  })
})

describe('the flags of a blob', () => {
  test('are asked for and set at its place', async () => {
    const { server, remote } = await against(() => undefined)
    right(await remote.flags!.set(key('held'), ['PROCESSING', 'FAILED'])())
    expect(right(await remote.flags!.get(key('held'))())).toEqual(['PROCESSING', 'FAILED'])
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /blobs/ada/held?namespace=default',
      'GET /blobs/ada/held?namespace=default&only_flags=True',
    ])
    expect(server.flags.get('ada/default/held')).toEqual(['PROCESSING', 'FAILED'])
    expect(server.blobs.get('ada/default/held')).toEqual(bytes)
  })

  test('are Corrupt if they are not the four words in a list', async () => {
    for (const body of ['', '{"PENDING":1}', '"PENDING"', '["pending"]', '["PENDING",null]', '[[]]', 'null', '<html>']) {
      const { remote } = await answering(body)
      expect(left(await remote.flags!.get(key('held'))())._tag, body).toBe('Corrupt')
    }
  })

  test('may be the same many times over, as a Soledad client can set them', async () => {
    const { remote } = await answering('["FAILED","PENDING","FAILED"]')
    expect(right(await remote.flags!.get(key('held'))())).toEqual(['FAILED', 'PENDING', 'FAILED'])
  })

  test('that the server does not take are its failure, in its words', async () => {
    const { remote } = await against(() => ({ do: 'answer', status: 406, body: 'Invalid flag: FAILED' }))
    expect(left(await remote.flags!.set(key('held'), ['FAILED'])())).toEqual({
      _tag: 'ServerError',
      status: 406,
      message: 'POST flags of default/held: the server answered 406: Invalid flag: FAILED',
    })
  })
})

describe('the count', () => {
  test('is asked for with one request, and may be higher than the list', async () => {
    const { server, remote } = await against(({ query }) =>
      query.has('only_count') ? { do: 'answer', status: 200, body: '{"count": 7}' } : undefined,
    )
    expect(right(await remote.count(key('a').namespace)())).toBe(7)
    expect(right(await remote.list({ namespace: key('a').namespace })()).entries.length).toBe(1)
    expect(server.requests[0]?.url).toBe('/blobs/ada/?namespace=default&only_count=True')
  })

  test('that is none is Corrupt', async () => {
    for (const body of ['', '5', '{}', '{"count":"5"}', '{"count":-1}', '{"count":1.5}', '{"count":1e300}', '["a"]', '<html>']) {
      const { remote } = await answering(body)
      expect(left(await remote.count(box)())._tag, body).toBe('Corrupt')
    }
  })
})
