import { describe, expect, test } from 'vitest'
import { failure } from '../../src/model/failure'
import { givesAway } from '../../src/model/streams'
import type { HttpRemoteOptions } from '../../src/remote/http'
import { bodyOf, wholeOf } from '../../src/testing/cipher-bytes'
import type { Misbehaviour } from '../../src/testing/misbehaving-server'
import { nextTurn } from '../virtual-clock'
import { against, againstAll, bodyFailure, bytes, bytesOf, key, left, right, simulatedClock } from './against'
import { readInto } from '../model/read-into'

const BYTE = bytes.length - 10
const from = { byte: BYTE, sizeBytes: bytes.length, tag: null }
const contentRange = `bytes ${BYTE}-${bytes.length - 1}/${bytes.length}`

/** A server that says it knows ranges, and answers them so. */
const ranging = (answer: Misbehaviour | undefined, options: Partial<HttpRemoteOptions> = {}) =>
  againstAll(({ path, headers }) => {
    if (path === '/') return { do: 'headers', headers: { 'Blob-Ranges': 'bytes' } }
    return headers.range === undefined ? undefined : answer
  }, options)

const part = (headers: Readonly<Record<string, string>>, body = '0123456789'): Misbehaviour => ({
  do: 'answer',
  status: 206,
  headers: { 'Content-Range': contentRange, ...headers },
  body,
})

const rangesIn = ({ requests }: Awaited<ReturnType<typeof againstAll>>['server']) =>
  requests.flatMap(({ path, headers }) => (path === '/' ? [] : [headers.range ?? 'whole']))

test('a body gives its pieces away as that of `fetch` does, and not where an app’s own `fetch` keeps them', async () => {
  const kept = bytes.slice()
  const keeping = () => Promise.resolve(new Response(bodyOf([kept])))
  for (const [options, gives] of [[{}, true] as const, [{ fetch: keeping }, false] as const]) {
    const { remote } = await against(() => undefined, options)
    const { body } = right(await remote.get(key('held'))())
    expect(givesAway(body)).toBe(gives)
    expect(await wholeOf(body)).toEqual(bytes)
  }
  expect(kept).toEqual(bytes)
})

test('a body comes to its end also where it is read into memory of one’s own', async () => {
  const { remote } = await against(() => undefined)
  const { body } = right(await remote.get(key('held'))())
  expect(await readInto(body)).toEqual(bytes)
})

describe('a range', () => {
  test('goes to a server that says how it reads them, without an end, and gives the rest', async () => {
    const { server, remote } = await ranging(part({}))
    const rest = right(await remote.get(key('held'), { from })())
    expect(rest).toMatchObject({ fromByte: BYTE, sizeBytes: bytes.length, tag: null })
    expect(new TextDecoder().decode(await bytesOf(rest))).toBe('0123456789')
    expect(rangesIn(server)).toEqual([`bytes=${BYTE}-`])
  })

  test('never goes to a server that does not say so, as no original Soledad does: all of it comes', async () => {
    for (const said of [undefined, 'none', 'Bytes', 'bytes, or so']) {
      const { server, remote } = await againstAll(({ path }) =>
        path === '/' && said !== undefined ? { do: 'headers', headers: { 'Blob-Ranges': said } } : undefined,
      )
      const whole = right(await remote.get(key('held'), { from })())
      expect(whole.fromByte ?? 0).toBe(0)
      expect(await bytesOf(whole)).toEqual(bytes)
      expect(rangesIn(server)).toEqual(['whole'])
    }
  })

  test('is not sent where the server cannot be asked', async () => {
    const { server, remote } = await againstAll(() => ({ do: 'answer', status: 503 }))
    expect(left(await remote.get(key('held'), { from })())).toMatchObject({ _tag: 'ServerError', status: 503 })
    expect(rangesIn(server)).toEqual([])
  })

  test('is not sent where the root says nothing, or no sense: all of it comes', async () => {
    const roots: readonly Misbehaviour[] = [
      ...[401, 403, 404, 405, 418].map((status): Misbehaviour => ({ do: 'answer', status })),
      { do: 'answer', status: 200, body: '<html>' },
      { do: 'answer', status: 200, body: '{"blobs": false, "version": "1"}' },
    ]
    for (const root of roots) {
      const { server, remote } = await againstAll(({ path }) => (path === '/' ? root : undefined))
      expect(await bytesOf(right(await remote.get(key('held'), { from })()))).toEqual(bytes)
      expect(rangesIn(server)).toEqual(['whole'])
    }
  })

  test('that is answered with all of it gives all of it', async () => {
    const { server, remote } = await ranging(undefined)
    const whole = right(await remote.get(key('held'), { from })())
    expect(whole.fromByte ?? 0).toBe(0)
    expect(await bytesOf(whole)).toEqual(bytes)
    expect(rangesIn(server)).toEqual([`bytes=${BYTE}-`])
  })

  const others: Readonly<Record<string, Misbehaviour>> = {
    'another beginning': part({ 'Content-Range': `bytes ${BYTE + 1}-${bytes.length - 1}/${bytes.length}` }),
    'the beginning of the blob': part({ 'Content-Range': `bytes 0-${bytes.length - 1}/${bytes.length}` }),
    'another total': part({ 'Content-Range': `bytes ${BYTE}-${bytes.length - 1}/${bytes.length + 1}` }),
    'no total': part({ 'Content-Range': `bytes ${BYTE}-${bytes.length - 1}/*` }),
    'a part of the rest': part({ 'Content-Range': `bytes ${BYTE}-${bytes.length - 2}/${bytes.length}` }),
    'an end that is left out, as Soledad tells it': part({ 'Content-Range': `bytes ${BYTE}-${bytes.length}/${bytes.length}` }),
    'another unit': part({ 'Content-Range': `items ${BYTE}-${bytes.length - 1}/${bytes.length}` }),
    'no Content-Range': { do: 'answer', status: 206, body: '0123456789' },
    'another encoding': part({ 'Content-Encoding': 'br' }),
    'a range that there is not': { do: 'answer', status: 416, headers: { 'Content-Range': 'bytes */5' } },
  }
  for (const [name, answer] of Object.entries(others))
    test(`that is answered with ${name} is not trusted: all of it is asked for`, async () => {
      const { server, remote } = await ranging(answer)
      const whole = right(await remote.get(key('held'), { from })())
      expect(whole.fromByte ?? 0).toBe(0)
      expect(await bytesOf(whole)).toEqual(bytes)
      expect(rangesIn(server)).toEqual([`bytes=${BYTE}-`, 'whole'])
    })

  test('of a blob with another tag is not trusted; a tag that nobody tells is no other', async () => {
    const [mine, other] = ['AAAAAAAAAAAAAAAAAAAAAA==', 'BAAAAAAAAAAAAAAAAAAAAA==']
    const asked = async (told: string | undefined, tag: string | null) => {
      const { remote } = await ranging(part(told === undefined ? {} : { Tag: told }))
      return right(await remote.get(key('held'), { from: { ...from, tag } })()).fromByte ?? 0
    }
    expect(await asked(other, mine)).toBe(0)
    expect(await asked(mine, mine)).toBe(BYTE)
    expect(await asked(undefined, mine)).toBe(BYTE)
    expect(await asked(other, null)).toBe(BYTE)
  })

  test('whose body is shorter or longer than announced is cut off there', async () => {
    for (const body of ['01234', '0123456789ab']) {
      const { remote } = await ranging(part({ 'Transfer-Encoding': 'chunked' }, body))
      expect(await bodyFailure(right(await remote.get(key('held'), { from })()))).toMatchObject({
        value: { _tag: 'Unreachable' },
      })
    }
  })

  test('that is refused for another reason fails as that', async () => {
    const { remote } = await ranging({ do: 'answer', status: 503 })
    expect(left(await remote.get(key('held'), { from })())).toMatchObject({ _tag: 'ServerError', status: 503 })
  })

  test('that stalls ends after the time that is given', async () => {
    const clock = simulatedClock()
    const { remote } = await againstAll(
      ({ path, headers }) => {
        if (path === '/') return { do: 'headers', headers: { 'Blob-Ranges': 'bytes' } }
        return headers.range === undefined ? undefined : { do: 'silence', afterBytes: 5 }
      },
      { clock, stallMs: 4_000 },
    )
    const { body } = right(await remote.get(key('held'), { from })())
    const reader = body.getReader()
    expect((await reader.read()).value).toHaveLength(5)
    const next = reader.read().catch((thrown: unknown) => thrown)
    await nextTurn()
    clock.increment(4_000)
    expect(await next).toMatchObject({ failure: failure('Unreachable', 'No byte came for 4000 ms.') })
  })

  test('of a plain answer that was asked for nothing of the kind is no good answer', async () => {
    const { remote } = await againstAll(({ path }) => (path === '/' ? undefined : part({})))
    expect(left(await remote.get(key('held'))())).toMatchObject({ _tag: 'ServerError', status: 206 })
  })
})

describe('stat', () => {
  const tag = 'AAAAAAAAAAAAAAAAAAAAAA=='
  const last = `bytes ${bytes.length - 1}-${bytes.length - 1}/${bytes.length}`

  test('takes one byte of a blob, where the server knows ranges', async () => {
    const { server, remote } = await ranging(part({ 'Content-Range': last, Tag: tag }, 'x'))
    expect(right(await remote.stat(key('held'))())).toMatchObject({ value: { id: 'held', sizeBytes: bytes.length, tag } })
    expect(rangesIn(server)).toEqual(['bytes=-1'])
  })

  test.for<readonly [string, Misbehaviour | undefined, readonly string[]]>([
    ['gives all of it', undefined, ['bytes=-1']],
    ['refuses such a range', { do: 'answer', status: 416 }, ['bytes=-1', 'whole']],
  ])('is as good from a server that %s', async ([, answer, asked]) => {
    const { server, remote } = await ranging(answer)
    expect(right(await remote.stat(key('held'))())).toMatchObject({ value: { id: 'held', sizeBytes: bytes.length } })
    expect(rangesIn(server)).toEqual(asked)
  })

  test('knows no size where the server tells none', async () => {
    for (const range of ['bytes 5-5/*', 'nonsense', '']) {
      const { remote } = await ranging(part({ 'Content-Range': range }, 'x'))
      expect(right(await remote.stat(key('held'))())).toMatchObject({ value: { id: 'held', sizeBytes: null } })
    }
  })
})
