import { describe, expect, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { noPowers } from '../../src/remote/remote'
import type { Misbehaviour } from '../../src/testing/misbehaving-server'
import { againstAll, callsOf, key, left, nextRequest, right, simulatedClock } from './against'

const { namespace } = key('a')
const original: Misbehaviour = { do: 'headers', headers: {} }
const atRoot = (misbehaviour: Misbehaviour) => againstAll(({ path }) => (path === '/' ? misbehaviour : undefined))

describe('what a server can do', () => {
  test('is asked once, at its root, and without a token', async () => {
    let tokens = 0
    const { server, remote } = await againstAll(() => undefined, { token: async () => `token-${++tokens}` })
    const answers = await Promise.all([remote.supports()(), remote.supports()()])
    for (const answer of [...answers, await remote.supports()()])
      expect(right(answer)).toEqual({ ...noPowers, flags: true, batches: true })
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /'])
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(tokens).toBe(0)
  })

  test('is asked below the path of the server’s root', async () => {
    const { server } = await againstAll(() => undefined)
    await httpRemote({ url: `${server.url}below//`, user: 'ada', token: 't' }).supports()()
    expect(server.requests[0]?.url).toBe('/below/')
  })

  test('is asked again after a failure', async () => {
    let asked = 0
    const { server, remote } = await againstAll(() => (++asked === 1 ? { do: 'answer', status: 503 } : undefined))
    expect(left(await remote.supports()())).toMatchObject({ _tag: 'ServerError', status: 503 })
    expect(right(await remote.supports()()).flags).toBe(true)
    right(await remote.supports()())
    expect(server.requests.length).toBe(2)
  })

  test('that shows nobody its root says nothing of the token, which did not go along', async () => {
    for (const status of [401, 404]) {
      const { remote } = await atRoot({ do: 'answer', status, body: '<html>' })
      expect(left(await remote.supports()())).toMatchObject({ _tag: 'ServerError', status: 404 })
    }
  })

  test('is flags alone, unless it says that its streams are atomic', async () => {
    for (const said of [undefined, '', 'yes', 'Atomic', 'atomic, or not']) {
      const { remote } = await atRoot({ do: 'headers', headers: said === undefined ? {} : { 'Blob-Streams': said } })
      expect(right(await remote.supports()()), said).toEqual({ ...noPowers, flags: true })
    }
  })

  test('may be told without a version, and with more', async () => {
    for (const body of ['{"blobs":true}', '{"blobs":true,"version":"0.10.5","more":[1]}']) {
      const { remote } = await atRoot({ do: 'answer', status: 200, body })
      expect(right(await remote.supports()())).toEqual({ ...noPowers, flags: true })
    }
  })

  test('is nothing, and a failure that says so, if it keeps no blobs', async () => {
    const { remote } = await atRoot({ do: 'answer', status: 200, body: '{"blobs":false,"version":"1"}' })
    expect(left(await remote.supports()())).toEqual({
      _tag: 'ServerError',
      status: 200,
      message: 'GET /: the server says that it keeps no blobs.',
    })
  })

  test('is Corrupt if it is not said in the form it should have', async () => {
    for (const body of ['', 'true', '[]', '{}', '{"blobs":"true"}', '{"blobs":1}', '<html>', 'null']) {
      const { remote } = await atRoot({ do: 'answer', status: 200, headers: { 'Blob-Streams': 'atomic' }, body })
      expect(left(await remote.supports()())._tag, body).toBe('Corrupt')
    }
  })

  test('is not asked by a call whose signal has fired', async () => {
    const { server, remote } = await againstAll(() => undefined)
    expect(left(await remote.supports({ signal: AbortSignal.abort() })())._tag).toBe('Aborted')
    right(await remote.list({ namespace })())
    expect(server.requests.map(({ path }) => path)).not.toContain('/')
  })

  test('is asked no longer once all who asked have left, and anew by who comes then', async () => {
    let asked = 0
    const { server, remote } = await againstAll(() => (++asked === 1 ? { do: 'silence' } : undefined))
    const controllers = [new AbortController(), new AbortController()]
    const outcomes = controllers.map(({ signal }) => remote.supports({ signal })())
    const request = await nextRequest(server)
    for (const controller of controllers) controller.abort()
    expect(right(await remote.supports()()).batches).toBe(true)
    expect((await Promise.all(outcomes)).map((outcome) => left(outcome)._tag)).toEqual(['Aborted', 'Aborted'])
    expect(await request.wasHungUp).toBe(true)
    expect(server.requests.length).toBe(2)
  })

  test('is not listened to for ever', async () => {
    const { server, remote } = await atRoot({ do: 'endless', part: ' '.repeat(10_000) })
    expect(left(await remote.supports()())._tag).toBe('TooLarge')
    expect(await server.requests[0]?.wasHungUp).toBe(true)
  })

  test('is not waited for longer than any other answer', async () => {
    const clock = simulatedClock()
    const { server, remote } = await againstAll(() => ({ do: 'silence' }), { clock, timeoutMs: 5000 })
    const outcome = remote.supports()()
    const request = await nextRequest(server)
    clock.increment(5000)
    expect(left(await outcome)._tag).toBe('Unreachable')
    expect(await request.wasHungUp).toBe(true)
  })
})

describe('a server that does not say that its streams are atomic', () => {
  test('is never sent one, whoever calls', async () => {
    const { server, remote } = await atRoot(original)
    const blob = { id: key('new').id, bytes: new Uint8Array(16) }
    for (const outcome of [
      await remote.batches!.put(namespace, [blob])(),
      await remote.batches!.get(namespace, [key('held').id], { bytesMax: 1_000_000 })(),
    ])
      expect(left(outcome)).toMatchObject({ _tag: 'ServerError', status: 501 })
    expect(server.requests.map(({ url }) => url)).toEqual(['/'])
  })

  test('is used for all the rest, without a HEAD', async () => {
    const { server, remote } = await atRoot(original)
    for (const [verb, call] of callsOf(remote)) if (!verb.endsWith('a batch')) right(await call())
    expect(new Set(server.requests.map(({ method }) => method))).toEqual(new Set(['GET', 'PUT', 'POST', 'DELETE']))
    expect(server.requests.filter(({ path }) => path.startsWith('/stream'))).toEqual([])
  })
})

describe('a server that cannot say what it can do', () => {
  test('is sent no stream, and the batch fails as the question did', async () => {
    const { server, remote } = await atRoot({ do: 'answer', status: 502 })
    expect(left(await remote.batches!.get(namespace, [key('held').id], { bytesMax: 1 })())).toMatchObject({ status: 502 })
    expect(server.requests.map(({ url }) => url)).toEqual(['/'])
  })

  test('does not keep a batch whose signal fires, and the question goes on for others', async () => {
    const { server, remote } = await atRoot({ do: 'silence' })
    const controller = new AbortController()
    const blob = { id: key('new').id, bytes: new Uint8Array(16) }
    const outcome = remote.batches!.put(namespace, [blob], { signal: controller.signal })()
    await nextRequest(server)
    void remote.supports()()
    controller.abort()
    expect(left(await outcome)._tag).toBe('Aborted')
    expect(server.requests.length).toBe(1)
  })
})
