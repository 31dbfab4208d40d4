import { describe, expect, test } from 'vitest'
import type { Failure } from '../../src/model/failure'
import { httpRemote } from '../../src/remote/http'
import type { Misbehaviour, MisbehavingServer } from '../../src/testing/misbehaving-server'
import { failureCarriedBy } from '../../src/model/carried-failure'
import { against, bodyFailure, bytes, bytesOf, callsOf, key, left, nextRequest, right, simulatedClock } from './against'

const { namespace } = key('a')

/** What a call asks of a blob, and not of the server itself. */
const requestOf = (verb: string, server: MisbehavingServer) => nextRequest(server, verb === 'stat' ? 1 : 0)

describe('each row of the failure table', () => {
  const answers: readonly (readonly [string, Misbehaviour, Partial<Failure> & object])[] = [
    ['401', { do: 'answer', status: 401, body: 'Unauthorized' }, { _tag: 'Unauthorized' }],
    ['403', { do: 'answer', status: 403 }, { _tag: 'Forbidden' }],
    ['404 with Soledad’s text', { do: 'answer', status: 404, body: "Blob doesn't exist: a" }, { _tag: 'NotFound' }],
    ['404 with a page', { do: 'answer', status: 404, body: '<html>No Such Resource</html>' }, { _tag: 'Unauthorized' }],
    ['413', { do: 'answer', status: 413 }, { _tag: 'TooLarge' }],
    [
      '429 with seconds',
      { do: 'answer', status: 429, headers: { 'Retry-After': '7' } },
      { _tag: 'Throttled', retryAfterMs: 7000, all: true },
    ],
    ['429 without Retry-After', { do: 'answer', status: 429 }, { _tag: 'Throttled', retryAfterMs: null, all: true }],
    [
      '503 with seconds',
      { do: 'answer', status: 503, headers: { 'Retry-After': '120' } },
      { _tag: 'Throttled', retryAfterMs: 120_000, all: false },
    ],
    [
      '503 with a Retry-After beyond what timers take',
      { do: 'answer', status: 503, headers: { 'Retry-After': '99999999999999999999' } },
      { _tag: 'Throttled', retryAfterMs: 2 ** 31 - 1, all: false },
    ],
    [
      '503 with a garbled Retry-After',
      { do: 'answer', status: 503, headers: { 'Retry-After': '-1.5 h' } },
      { _tag: 'Throttled', retryAfterMs: null, all: false },
    ],
    ['503 without Retry-After', { do: 'answer', status: 503 }, { _tag: 'ServerError', status: 503 }],
    ['507', { do: 'answer', status: 507, body: 'Quota Exceeded!' }, { _tag: 'QuotaExceeded' }],
    ['500', { do: 'answer', status: 500, body: '<html>' }, { _tag: 'ServerError', status: 500 }],
    ['502', { do: 'answer', status: 502 }, { _tag: 'ServerError', status: 502 }],
    ['400', { do: 'answer', status: 400 }, { _tag: 'ServerError', status: 400 }],
    ['206, which nobody asked for', { do: 'answer', status: 206, body: 'xx' }, { _tag: 'ServerError', status: 206 }],
    ['304', { do: 'answer', status: 304 }, { _tag: 'ServerError', status: 304 }],
    ['a reset connection', { do: 'reset' }, { _tag: 'Unreachable' }],
    ['an answer that gets lost', { do: 'loseAnswer' }, { _tag: 'Unreachable' }],
    ['500 with a long text', { do: 'answer', status: 500, body: 'x'.repeat(1_000_000) }, { _tag: 'ServerError', status: 500 }],
  ]
  for (const [name, misbehaviour, expected] of answers) {
    test(`${name}: ${expected._tag}, for every call`, async () => {
      const { remote } = await against(() => misbehaviour)
      for (const [verb, call] of callsOf(remote)) {
        const isNone = verb === 'stat' && expected._tag === 'NotFound'
        if (!isNone) expect(left(await call()), verb).toMatchObject(expected)
      }
    })
  }

  test('409 is Exists for a put and a ServerError for what cannot conflict', async () => {
    const { remote } = await against(() => ({ do: 'answer', status: 409, body: 'Blob already exists: a' }))
    for (const [verb, call] of callsOf(remote))
      expect(left(await call()), verb).toMatchObject(
        verb === 'put' || verb === 'put a batch' ? { _tag: 'Exists' } : { _tag: 'ServerError', status: 409 },
      )
  })

  test('a Retry-After date counts from now', async () => {
    const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0)
    const headers = { 'Retry-After': 'Mon, 23 Nov 2026 12:01:30 GMT' }
    const clock = simulatedClock(nowMs)
    const { remote } = await against(() => ({ do: 'answer', status: 503, headers }), { clock })
    expect(left(await remote.get(key('a'))())).toMatchObject({ _tag: 'Throttled', retryAfterMs: 90_000 })
  })

  test('a refused connection is Unreachable and says so', async () => {
    const { server, remote } = await against(() => undefined)
    await server.close()
    const why = left(await remote.get(key('a'))())
    expect(why._tag).toBe('Unreachable')
    expect(why.message).toContain('ECONNREFUSED')
  })

  test('the message names what was asked, the status and the server’s words', async () => {
    const { remote } = await against(() => ({ do: 'answer', status: 507, body: 'Quota\n\u0007 Exceeded!' }))
    expect(left(await remote.get(key('a'))()).message).toBe('GET default/a: the server answered 507: Quota Exceeded!')
  })
})

describe('redirects', () => {
  test('are not followed, so that the token stays with its server', async () => {
    const elsewhere = await against(() => undefined)
    const headers = { Location: `${elsewhere.server.url}blobs/ada/a` }
    for (const status of [301, 302, 307, 308]) {
      const { remote } = await against(() => ({ do: 'answer', status, headers }))
      for (const [verb, call] of callsOf(remote)) expect(left(await call()), verb).toMatchObject({ _tag: 'ServerError', status })
    }
    expect(elsewhere.server.requests).toEqual([])
  })
})

describe('silence', () => {
  test('before the headers ends a call after its time, and frees the socket', async () => {
    for (const verb of ['list', 'put', 'get', 'stat', 'delete'] as const) {
      const clock = simulatedClock()
      const { server, remote } = await against(() => ({ do: 'silence' }), { clock, timeoutMs: 5000 })
      const outcome = callsOf(remote).get(verb)?.()
      const request = await requestOf(verb, server)
      clock.increment(4999)
      clock.increment(1 + (verb === 'put' ? Math.ceil(bytes.length / 16) : 0))
      expect(left(await outcome!)._tag, verb).toBe('Unreachable')
      expect(await request.wasHungUp, verb).toBe(true)
    }
  })

  test('in mid-body errors the body after the stall time, and frees the socket', async () => {
    const clock = simulatedClock()
    const { server, remote } = await against(() => ({ do: 'silence', afterBytes: 1000 }), { clock, stallMs: 700 })
    const download = right(await remote.get(key('held'))())
    const reader = download.body.getReader()
    expect((await reader.read()).value?.length).toBe(1000)
    const next = reader.read().catch((thrown: unknown) => failureCarriedBy(thrown))
    await Promise.resolve()
    clock.increment(700)
    expect(await next).toMatchObject({ value: { _tag: 'Unreachable' } })
    expect(await server.requests[0]?.wasHungUp).toBe(true)
  })

  test('in mid-list ends the list', async () => {
    const { remote } = await against(() => ({ do: 'silence', afterBytes: 3 }), { stallMs: 20 })
    expect(left(await remote.list({ namespace })())._tag).toBe('Unreachable')
  })

  test('does not run while nobody reads', async () => {
    const clock = simulatedClock()
    const { remote } = await against(() => undefined, { clock, stallMs: 700 })
    const download = right(await remote.get(key('held'))())
    clock.increment(10_000)
    expect(await bytesOf(download)).toEqual(bytes)
    clock.increment(10_000)
  })

  test('of the app’s token function ends the call too', async () => {
    const { remote } = await against(() => undefined, { timeoutMs: 20, token: () => new Promise(() => {}) })
    expect(left(await remote.get(key('held'))())._tag).toBe('Unreachable')
  })
})

describe('a body', () => {
  test('that is cut is Unreachable, never shorter', async () => {
    const { remote } = await against(({ path }) => ({ do: 'cut', afterBytes: path.endsWith('/') ? 3 : 5000 }))
    expect(await bodyFailure(right(await remote.get(key('held'))()))).toMatchObject({ value: { _tag: 'Unreachable' } })
    expect(left(await remote.list({ namespace })())._tag).toBe('Unreachable')
  })

  test('that ends without fault before its announced length is Unreachable', async () => {
    const answer = () => Promise.resolve(new Response('short', { headers: { 'Content-Length': '6' } }))
    const { remote } = await against(() => undefined, { fetch: answer })
    expect(await bodyFailure(right(await remote.get(key('held'))()))).toMatchObject({ value: { _tag: 'Unreachable' } })
  })

  test('that goes on after its announced length is Unreachable', async () => {
    const answer = () => Promise.resolve(new Response('too long', { headers: { 'Content-Length': '6' } }))
    const { remote } = await against(() => undefined, { fetch: answer })
    expect(await bodyFailure(right(await remote.get(key('held'))()))).toMatchObject({ value: { _tag: 'Unreachable' } })
  })

  test('of stat is dropped, and its socket freed', async () => {
    const { server, remote } = await against(() => ({ do: 'silence', afterBytes: 1000 }))
    expect(right(await remote.stat(key('held'))())).toMatchObject({ value: { id: 'held', sizeBytes: bytes.length } })
    expect(await (await requestOf('stat', server)).wasHungUp).toBe(true)
  })
})

describe('the Tag header', () => {
  for (const [name, tag] of [
    ['wrong', 'AAAAAAAAAAAAAAAAAAAAAA=='],
    ['empty', ''],
    ['short', 'AAAA'],
    ['absent', null],
  ] as const) {
    test(`that is ${name} reaches the cipher as it came`, async () => {
      const { remote } = await against(() => ({ do: 'tag', tag }))
      const download = right(await remote.get(key('held'))())
      expect(download.tag).toBe(tag)
      await download.body.cancel()
      expect(right(await remote.stat(key('held'))())).toMatchObject({ value: { tag: name === 'wrong' ? tag : null } })
    })
  }
})

describe('a list', () => {
  const listing = (live: unknown, deleted: unknown = []) =>
    against(({ query }) => ({ do: 'answer', status: 200, body: JSON.stringify(query.has('deleted') ? deleted : live) }))

  test('of ids alone and one of entries are both understood', async () => {
    const tag = 'AAAAAAAAAAAAAAAAAAAAAA=='
    const plain = await listing(['a', 'b'], ['c'])
    expect(right(await plain.remote.list({ namespace })())).toEqual({
      entries: [
        { id: 'a', sizeBytes: null, tag: null },
        { id: 'b', sizeBytes: null, tag: null },
      ],
      tombstones: ['c'],
      corrupt: [],
      next: null,
    })
    const rich = await listing(
      [
        { id: 'a', size: 5, tag },
        { id: 'b', size: 0, tag: null },
      ],
      [{ id: 'c' }],
    )
    expect(right(await rich.remote.list({ namespace })())).toEqual({
      entries: [
        { id: 'a', sizeBytes: 5, tag },
        { id: 'b', sizeBytes: 0, tag: null },
      ],
      tombstones: ['c'],
      corrupt: [],
      next: null,
    })
  })

  test('loses its hostile ids and keeps the rest', async () => {
    const hostile = [
      '../x',
      '/etc/passwd',
      '',
      'nl\n',
      "'; DROP TABLE",
      'x'.repeat(255),
      '…',
      'a b',
      null,
      5,
      ['a'],
      { name: 'a' },
      { id: '../y' },
      { id: 7 },
    ]
    const { remote } = await listing(['good', ...hostile, 'good', '__proto__'], ['gone', ...hostile])
    const page = right(await remote.list({ namespace })())
    expect(page.entries.map((entry) => entry.id)).toEqual(['good', '__proto__'])
    expect(page.tombstones).toEqual(['gone'])
    expect(page.corrupt.length).toBe(2 * hostile.length)
    expect(new Set(page.corrupt.map((why) => why._tag))).toEqual(new Set(['Corrupt']))
  })

  test('keeps a good id whose size or tag is none, and reports these', async () => {
    const { remote } = await listing([
      { id: 'a', size: -1, tag: 'short' },
      { id: 'b', size: 1.5 },
      { id: 'c', size: '5', tag: '' },
    ])
    const page = right(await remote.list({ namespace })())
    expect(page.entries).toEqual(['a', 'b', 'c'].map((id) => ({ id, sizeBytes: null, tag: null })))
    expect(page.corrupt.length).toBe(5)
  })

  test('of nothing but rubbish is reported in bounded form', async () => {
    const { remote } = await listing(Array.from({ length: 5000 }, () => '..'))
    const { corrupt } = right(await remote.list({ namespace })())
    expect(corrupt.length).toBe(101)
    expect(corrupt.at(-1)?.message).toContain('4900')
  })

  test('that is no list is Corrupt', async () => {
    for (const body of ['', '{}', '[', 'null', '{"count":1}', '<html>']) {
      const { remote } = await against(() => ({ do: 'answer', status: 200, body }))
      expect(left(await remote.list({ namespace })())._tag, body).toBe('Corrupt')
    }
  })

  test('that never ends is given up at its limit, and the socket freed', async () => {
    const { server, remote } = await against(() => ({ do: 'endless', part: '"aaaaaaaaaaaaaaaaaaaa",'.repeat(100) }), {
      listBytesMax: 200_000,
    })
    expect(left(await remote.list({ namespace })())._tag).toBe('TooLarge')
    expect(await server.requests[0]?.wasHungUp).toBe(true)
  })

  test('is asked for live first, then for tombstones, with the slash, and takes what both servers send', async () => {
    const { server, remote } = await against(() => undefined)
    right(await remote.list({ namespace: key('a', 'x-y').namespace })())
    expect(server.requests.map((request) => request.url)).toEqual([
      '/blobs/ada/?namespace=x-y',
      '/blobs/ada/?namespace=x-y&deleted=True',
    ])
    expect(server.requests[0]?.headers.accept).toBe('application/vnd.blobsync.list+json, application/json;q=0.9, */*;q=0.1')
  })
})

describe('the app’s signal', () => {
  test('ends a call that waits for its answer, and frees the socket', async () => {
    for (const verb of ['list', 'put', 'get', 'stat', 'delete'] as const) {
      const { server, remote } = await against(() => ({ do: 'silence' }))
      const controller = new AbortController()
      const outcome = callsOf(remote, controller.signal).get(verb)?.()
      const request = await requestOf(verb, server)
      controller.abort()
      expect(left(await outcome!)._tag, verb).toBe('Aborted')
      expect(await request.wasHungUp, verb).toBe(true)
    }
  })

  test('frees the socket of a body that nobody reads', async () => {
    const { server, remote } = await against(() => ({ do: 'silence', afterBytes: 1000 }))
    const controller = new AbortController()
    const download = right(await remote.get(key('held'), { signal: controller.signal })())
    controller.abort()
    expect(await server.requests[0]?.wasHungUp).toBe(true)
    expect(await bodyFailure(download)).toMatchObject({ value: { _tag: 'Aborted' } })
  })
})

describe('requests', () => {
  test('carry Soledad’s authorization, and an upload its length', async () => {
    const { server, remote } = await against(() => undefined)
    right(await remote.put(key('a'), { sizeBytes: bytes.length, body: bytes })())
    right(await remote.put(key('b'), { sizeBytes: bytes.length, body: new Blob([bytes]).stream() })())
    for (const { headers, method, url } of server.requests) {
      expect(headers.authorization).toBe(`Token ${btoa('ada:secret')}`)
      expect(headers['content-length']).toBe('100000')
      expect(`${method} ${url}`).toMatch(/^PUT \/blobs\/ada\/[ab]\?namespace=default$/)
    }
  })

  test('share a connection, also after refusals', async () => {
    const { server, remote } = await against(({ method }) =>
      method === 'DELETE' ? { do: 'answer', status: 403, body: 'No.' } : undefined,
    )
    for (const id of ['a', 'b', 'c', 'd']) {
      right(await remote.put(key(id), { sizeBytes: bytes.length, body: bytes })())
      await bytesOf(right(await remote.get(key(id))()))
      left(await remote.put(key(id), { sizeBytes: bytes.length, body: bytes })())
      left(await remote.get(key('missing'))())
      left(await remote.delete(key(id))())
      right(await remote.list({ namespace })())
    }
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  test('keep the path of the server’s root', async () => {
    const { server } = await against(() => undefined)
    const remote = httpRemote({ url: `${server.url}below//`, user: 'ada', token: 't' })
    left(await remote.get(key('a'))())
    expect(server.requests[0]?.path).toBe('/below/blobs/ada/a')
  })

  test('go to no other place than a root and a user make', () => {
    for (const user of ['', '..', 'a/b', 'a%2Fb'])
      expect(() => httpRemote({ url: 'http://127.0.0.1/', user, token: 't' })).toThrow(TypeError)
    for (const url of ['', 'ftp://x/', 'http://x/?a=b', 'http://x/#a'])
      expect(() => httpRemote({ url, user: 'u', token: 't' })).toThrow(TypeError)
  })
})

describe('the token function', () => {
  test('is asked once, when first needed, and again by refreshAccess, once for all who ask', async () => {
    let asked = 0
    const { server, remote } = await against(() => undefined, { token: async () => `token-${++asked}` })
    expect(asked).toBe(0)
    await Promise.all([remote.list({ namespace })(), remote.stat(key('held'))()])
    expect(asked).toBe(1)
    for (const outcome of await Promise.all([remote.refreshAccess()(), remote.refreshAccess()()])) right(outcome)
    expect(asked).toBe(2)
    await remote.stat(key('held'))()
    expect(server.requests.at(-1)?.headers.authorization).toBe(`Token ${btoa('ada:token-2')}`)
  })

  test('that throws is Unauthorized, and asked again by the next call', async () => {
    let asked = 0
    const token = async () => {
      if (++asked === 1) throw new Error('not signed in')
      return 'good'
    }
    const { remote } = await against(() => undefined, { token })
    expect(left(await remote.stat(key('held'))())).toMatchObject({
      _tag: 'Unauthorized',
      message: 'The app gave no token: not signed in',
    })
    right(await remote.stat(key('held'))())
  })

  test('that is a plain string cannot give another', async () => {
    const { remote } = await against(() => undefined)
    expect(left(await remote.refreshAccess()())._tag).toBe('Unauthorized')
  })
})
