import * as E from 'fp-ts/Either'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { concatenated, textBytes, type Bytes } from '../../src/model/bytes'
import { httpRemote } from '../../src/remote/http'
import { frameOf } from '../../src/testing/soledad-answers'
import { against, bytes, key, left, nextRequest, right, simulatedClock } from './against'
import { nextTurn } from '../virtual-clock'

const { namespace } = key('a')
const idsOf = (count: number) => Array.from({ length: count }, (_, index) => key(`blob-${index}`).id)
const blobsOf = (count: number, sizeBytes = 60) =>
  idsOf(count).map((id, index) => ({ id, bytes: new Uint8Array(sizeBytes).fill(index + 1) }))
const wireOf = (all: readonly Bytes[]) => concatenated(...all.map(frameOf))
const bytesOfAll = (count: number) => blobsOf(count).map((blob) => blob.bytes)

/** How the answer to a download ends: as it should, cut, or never. */
type Ending = { readonly do: 'close' } | { readonly do: 'cut' } | { readonly do: 'hang'; readonly onHang: () => void }

/** A remote of a server that answers a download in exactly these parts. */
const streaming = (parts: readonly Uint8Array[], ending: Ending = { do: 'close' }, options = {}) => {
  let wasDropped = false
  const body = () => {
    let index = 0
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          const part = parts[index++]
          if (part !== undefined) return controller.enqueue(part)
          switch (ending.do) {
            case 'close':
              return controller.close()
            case 'cut':
              return controller.error(new TypeError('terminated'))
            case 'hang':
              ending.onHang()
              return new Promise(() => {})
          }
        },
        cancel: () => void (wasDropped = true),
      },
      { highWaterMark: 0 },
    )
  }
  const fetch = async (request: RequestInfo | URL) =>
    new URL(request instanceof Request ? request.url : request).pathname === '/'
      ? Response.json({ blobs: true, version: '1' }, { headers: { 'Blob-Streams': 'atomic' } })
      : new Response(body())
  const remote = httpRemote({ url: 'http://127.0.0.1/', user: 'ada', token: 'secret', fetch, ...options })
  const get = (count: number, bytesMax = 1_000_000) => remote.batches!.get(namespace, idsOf(count), { bytesMax })()
  return { get, wasDropped: () => wasDropped }
}

const cutInto = (wire: Uint8Array, partBytes: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(wire.length / partBytes) }, (_, index) =>
    wire.subarray(index * partBytes, (index + 1) * partBytes),
  )

const contentsOf = (got: E.Either<unknown, readonly E.Either<unknown, { readonly bytes: Bytes }>[]>) =>
  E.isLeft(got) ? [] : got.right.flatMap((blob) => (E.isRight(blob) ? [blob.right.bytes] : []))

describe('a batch that is fetched', () => {
  test('is whole in whatever parts it arrives', async () => {
    const all = bytesOfAll(3)
    const wire = wireOf(all)
    for (const partBytes of [1, 2, 8, 33, 34, 93, 94, wire.length])
      expect(contentsOf(await streaming(cutInto(wire, partBytes)).get(3)), `in parts of ${partBytes}`).toEqual(all)
  })

  property.prop([
    fc.array(fc.uint8Array({ minLength: 16, maxLength: 200 }), { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 1, max: 300 }),
  ])('is what was sent, whatever it is', async (arrays, partBytes) => {
    const all = arrays.map((array) => concatenated(array))
    expect(contentsOf(await streaming(cutInto(wireOf(all), partBytes)).get(all.length))).toEqual(all)
  })

  test('and cut at any byte has all that came whole, and the rest is Unreachable', async () => {
    const all = bytesOfAll(3)
    const wire = wireOf(all)
    for (let at = 0; at < wire.length; at++) {
      for (const ending of ['cut', 'close'] as const) {
        const got = await streaming(cutInto(wire.subarray(0, at), 50), { do: ending }).get(3)
        const whole = Math.floor(at / frameOf(all[0]!).length)
        if (whole === 0) expect(left(got)._tag, `${ending} at ${at}`).toBe('Unreachable')
        else {
          const items = right(got)
          expect(contentsOf(got), `${ending} at ${at}`).toEqual(all.slice(0, whole))
          expect(items.slice(whole).map((item) => left(item)._tag)).toEqual(all.slice(whole).map(() => 'Unreachable'))
        }
      }
    }
  })

  test('that is silent in the middle has what came whole once the stall time is over, and its socket is freed', async () => {
    const clock = simulatedClock()
    const wire = wireOf(bytesOfAll(3))
    // Not before the watchdog waits for the byte that does not come.
    const hang = { do: 'hang', onHang: () => void Promise.resolve().then(() => clock.increment(700)) } as const
    const { get, wasDropped } = streaming([wire.subarray(0, 200)], hang, { clock, stallMs: 700 })
    const items = right(await get(3))
    expect(items.map(E.isRight)).toEqual([true, true, false])
    expect(left(items[2]!)).toEqual({ _tag: 'Unreachable', message: 'No byte came for 700 ms.' })
    expect(wasDropped()).toBe(true)
  })

  test('is not believed at all if it goes on after its last blob', async () => {
    const wire = wireOf(bytesOfAll(3))
    for (const excess of [' ', '\n', 'x'.repeat(100)]) {
      const { get, wasDropped } = streaming([wire, textBytes(excess)])
      expect(left(await get(3))._tag).toBe('Corrupt')
      expect(wasDropped()).toBe(true)
    }
    expect(left(await streaming([wire]).get(2))._tag).toBe('Corrupt')
  })

  test('is not believed at all if a header in it is none', async () => {
    const [first, second] = bytesOfAll(2).map(frameOf)
    const wrong = second!.with(3, 'g'.charCodeAt(0))
    expect(left(await streaming([concatenated(first!, wrong)]).get(2))._tag).toBe('Corrupt')
    expect(left(await streaming([textBytes('<!DOCTYPE html><html><body>Please sign in</body></html>')]).get(1))._tag).toBe(
      'Corrupt',
    )
  })

  test('whose sizes lie is refused, or ends early', async () => {
    const all = bytesOfAll(2)
    const lying = (size: string) => concatenated(textBytes(size), wireOf(all).subarray(8))
    expect(left(await streaming([lying('0000003b')]).get(2))._tag).toBe('Corrupt')
    expect(left(await streaming([lying('000000ff')]).get(2))._tag).toBe('Unreachable')
    const huge = streaming([lying('ffffffff')])
    expect(left(await huge.get(2))._tag).toBe('TooLarge')
    expect(huge.wasDropped()).toBe(true)
  })

  test('of which one id is missing is NotFound', async () => {
    const { server, remote } = await against(() => undefined)
    const ids = [key('held').id, key('missing').id]
    expect(left(await remote.batches!.get(namespace, ids, { bytesMax: 1_000_000 })())).toEqual({
      _tag: 'NotFound',
      message: "POST for 2 blobs of default: the server answered 404: Blob doesn't exist: missing",
    })
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/stream/ada/?direction=download&namespace=default'])
  })

  test('is Unauthorized where the server answers with a page', async () => {
    const { remote } = await against(() => ({ do: 'answer', status: 404, body: '<html>No Such Resource</html>' }))
    expect(left(await remote.batches!.get(namespace, idsOf(1), { bytesMax: 1000 })())._tag).toBe('Unauthorized')
  })

  test('that never ends is given up after its last blob, and the socket freed', async () => {
    const part = new TextDecoder().decode(frameOf(textBytes('sixteen bytes...')))
    const { server, remote } = await against(() => ({ do: 'endless', part }))
    expect(left(await remote.batches!.get(namespace, idsOf(5), { bytesMax: 1_000_000 })())._tag).toBe('Corrupt')
    expect(await server.requests[1]?.wasHungUp).toBe(true)
  })

  test('over a connection that is cut has nothing but whole blobs', async () => {
    const { server, remote } = await against(({ path }) =>
      path.startsWith('/stream') ? { do: 'cut', afterBytes: 150_000 } : undefined,
    )
    const [id, other] = [key('held').id, key('other').id]
    server.blobs.set('ada/default/other', bytes.toReversed())
    const got = await remote.batches!.get(namespace, [id, other], { bytesMax: 1_000_000 })()
    const items = E.isLeft(got) ? [got, got] : got.right
    expect(left(items[1]!)._tag).toBe('Unreachable')
    for (const content of contentsOf(got)) expect(content).toEqual(bytes)
  })

  test('is Aborted as a whole when the app’s signal fires in the middle, and the socket is freed', async () => {
    const { server, remote } = await against(({ path }) =>
      path.startsWith('/stream') ? { do: 'silence', afterBytes: 120_000 } : undefined,
    )
    const controller = new AbortController()
    const ids = [key('held').id, key('held').id]
    const outcome = remote.batches!.get(namespace, ids, { bytesMax: 1_000_000, signal: controller.signal })()
    const request = await nextRequest(server, 1)
    controller.abort()
    expect(left(await outcome)._tag).toBe('Aborted')
    expect(await request.wasHungUp).toBe(true)
  })
})

describe('a batch that is put', () => {
  test('is one request of known length, and all of it is stored', async () => {
    const { server, remote } = await against(() => undefined)
    const blobs = blobsOf(50, 700)
    right(await remote.batches!.put(key('a', 'x-y').namespace, blobs)())
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /',
      'POST /stream/ada/?direction=upload&namespace=x-y',
    ])
    const { headers } = server.requests[1]!
    expect(Number(headers['content-length'])).toBeGreaterThan(50 * 700)
    expect(headers.authorization).toBe(`Token ${btoa('ada:secret')}`)
    for (const blob of blobs) expect(server.blobs.get(`ada/x-y/${blob.id}`)).toEqual(blob.bytes)
  })

  test('asks what the server can do once for many batches', async () => {
    const { server, remote } = await against(() => undefined)
    for (const blob of blobsOf(4)) right(await remote.batches!.put(namespace, [blob])())
    expect(server.requests.filter(({ path }) => path === '/').length).toBe(1)
  })

  test('and names an id twice, or has no blob, is not sent', async () => {
    const { server, remote } = await against(() => undefined)
    const [blob] = blobsOf(1)
    expect(left(await remote.batches!.put(namespace, [blob!, blob!])())._tag).toBe('Corrupt')
    right(await remote.batches!.put(namespace, [])())
    expect(right(await remote.batches!.get(namespace, [], { bytesMax: 0 })())).toEqual([])
    expect(server.requests).toEqual([])
  })

  test('may take longer the larger it is', async () => {
    const clock = simulatedClock()
    const { server, remote } = await against(({ path }) => (path.startsWith('/stream') ? { do: 'silence' } : undefined), {
      clock,
      timeoutMs: 5000,
    })
    right(await remote.supports()())
    const isOver = { yet: false }
    const outcome = remote.batches!.put(namespace, [{ id: key('new').id, bytes }])()
    void outcome.then(() => (isOver.yet = true))
    const request = await nextRequest(server, 1)
    clock.increment(5000 + bytes.length / 16)
    await nextTurn()
    expect(isOver.yet).toBe(false)
    clock.increment(1000)
    expect(left(await outcome)._tag).toBe('Unreachable')
    expect(await request.wasHungUp).toBe(true)
  })

  test('whose answer got lost Exists the next time, and nothing is overwritten', async () => {
    let isFirst = true
    const { server, remote } = await against(({ path }) => {
      const loses = path.startsWith('/stream') && isFirst
      if (loses) isFirst = false
      return loses ? { do: 'loseAnswer' } : undefined
    })
    const blobs = blobsOf(3)
    expect(left(await remote.batches!.put(namespace, blobs)())._tag).toBe('Unreachable')
    expect(left(await remote.batches!.put(namespace, blobs)())._tag).toBe('Exists')
    for (const blob of blobs) expect(server.blobs.get(`ada/default/${blob.id}`)).toEqual(blob.bytes)
  })
})

describe('a server that answers for each blob', () => {
  const EACH = 'application/vnd.blobsync.each'
  const answering = (answer: () => Response) => {
    const asked: string[] = []
    const fetch = async (request: RequestInfo | URL, init?: RequestInit) => {
      if (new URL(request instanceof Request ? request.url : request).pathname === '/')
        return Response.json({ blobs: true, version: '1' }, { headers: { 'Blob-Streams': 'atomic' } })
      asked.push(new Request(request, init).headers.get('Accept') ?? '')
      return answer()
    }
    const { batches } = httpRemote({ url: 'http://127.0.0.1/', user: 'ada', token: 'secret', fetch })
    return { batches: batches!, asked }
  }
  const each = (answers: unknown) => () => Response.json(answers, { headers: { 'Content-Type': EACH } })
  const noFrame = textBytes(`${'-'.repeat(32)} `)

  test('is asked to, and each failure is the one that the blob alone would have had', async () => {
    const texts = [409, 507, 413, 404].map((status) => ({ status, text: status === 404 ? "Blob doesn't exist: x" : 'No.' }))
    const { batches, asked } = answering(each([null, ...texts]))
    const answers = right(await batches.put(namespace, blobsOf(5))())
    expect(answers.map((one) => (E.isRight(one) ? null : one.left._tag))).toEqual([
      null,
      'Exists',
      'QuotaExceeded',
      'TooLarge',
      'NotFound',
    ])
    expect(asked.join()).toContain(EACH)
  })

  test.for([[[null]], [[null, null, null]], [[null, { status: 'odd' }]], [{}], [[null, 0]]] as const)(
    'but not for exactly those that were sent is not believed: %j',
    async ([answers]) => {
      const { batches } = answering(each(answers))
      expect(left(await batches.put(namespace, blobsOf(2))())._tag).toBe('Corrupt')
    },
  )

  test('tells of blobs that are not there among those that are', async () => {
    const [first, second] = bytesOfAll(2).map(frameOf)
    const wire = concatenated(noFrame, first!, noFrame, second!)
    const { batches } = answering(() => new Response(wire, { headers: { 'Content-Type': EACH } }))
    const got = right(await batches.get(namespace, idsOf(4), { bytesMax: 1_000 })())
    expect(got.map((one) => (E.isRight(one) ? one.right.bytes : one.left._tag))).toEqual([
      'NotFound',
      bytesOfAll(2)[0],
      'NotFound',
      bytesOfAll(2)[1],
    ])
  })

  test('alone may say that one is not there', async () => {
    const { batches } = answering(() => new Response(concatenated(noFrame, noFrame)))
    expect(left(await batches.get(namespace, idsOf(2), { bytesMax: 1_000 })())._tag).toBe('Corrupt')
  })

  test('and is cut leaves what came, and what it said is not there; the rest is Unreachable', async () => {
    const [first] = bytesOfAll(1).map(frameOf)
    const wire = concatenated(noFrame, first!, noFrame.subarray(0, 7))
    const { batches } = answering(() => new Response(wire, { headers: { 'Content-Type': EACH } }))
    const got = right(await batches.get(namespace, idsOf(3), { bytesMax: 1_000 })())
    expect(got.map((one) => (E.isRight(one) ? null : one.left._tag))).toEqual(['NotFound', null, 'Unreachable'])
  })
})
