import { fc } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { framesOf, parcel, preambled } from './api/row'
import { exchange } from './exchange'
import { inChunks, rawClient, requestHead } from './raw-client'
import { ANN, bytes, serving } from './serving'

type Named = readonly [id: string, blob: Uint8Array]

const someId = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
const someBlob = (id: string): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 300 }) },
    { weight: 3, arbitrary: fc.nat(600).map((contentBytes) => preambled(id, contentBytes)) },
    { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 16, max: 40_000 }), fc.nat()).map(([size, seed]) => bytes(size, seed)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.integer({ min: 120_000, max: 300_000 }), fc.nat()).map(([size, seed]) => bytes(size, seed)),
    },
  )
const someBlobs: fc.Arbitrary<readonly Named[]> = fc
  .uniqueArray(someId, { maxLength: 8 })
  .chain((ids) => fc.tuple(...ids.map((id) => someBlob(id).map((blob): Named => [id, blob]))))

/** Where to cut, as parts of the whole. */
const someCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })
const cutAt = (body: Uint8Array, cuts: readonly number[]) => {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * body.length)).toSorted((a, b) => a - b), body.length]
  return places.slice(1).map((place, index) => body.subarray(places[index], place))
}

test(
  'any blobs that go up in a stream, cut in any way, come down equal and in the order asked',
  { timeout: 120_000 },
  async () => {
    const { server } = await serving()
    let run = 0
    await fc.assert(
      fc.asyncProperty(someBlobs, someCuts, fc.infiniteStream(fc.nat()), async (blobs, cuts, order) => {
        const namespace = `n${run++}`
        const up = { request: `POST /stream/ann/?direction=upload&namespace=${namespace}`, chunks: cutAt(parcel(...blobs), cuts) }
        expect((await exchange(up, server.port)).answer.status).toBe(200)

        const asked = blobs.toSorted(() => ((order.next().value ?? 0) % 2 === 0 ? -1 : 1))
        const body = JSON.stringify(asked.map(([id]) => id))
        const down = { request: `POST /stream/ann?direction=download&namespace=${namespace}`, body }
        const { answer } = await exchange(down, server.port)
        expect(answer.status).toBe(200)
        expect(Buffer.compare(answer.body, framesOf(...asked.map(([, blob]) => blob)))).toBe(0)
      }),
      { numRuns: 60 },
    )
  },
)

/** How a body ends too soon. */
const truncations = ['length', 'chunked', 'cut', 'cutChunked'] as const

const sendTruncated = async (port: number, body: Uint8Array, end: number, how: (typeof truncations)[number]) => {
  const client = rawClient(port)
  const path = '/stream/ann/?direction=upload'
  const headers = ['Host: localhost', `Authorization: ${ANN}`]
  const part = body.subarray(0, end)
  try {
    switch (how) {
      case 'length':
        await client.send(requestHead('POST', path, [...headers, `Content-Length: ${part.length}`]))
        await client.send(part)
        return (await client.answer('POST'))?.status
      case 'chunked':
        await client.send(requestHead('POST', path, [...headers, 'Transfer-Encoding: chunked']))
        await client.send(inChunks([part]))
        return (await client.answer('POST'))?.status
      case 'cut':
        await client.send(requestHead('POST', path, [...headers, `Content-Length: ${body.length}`]))
        await client.send(part)
        client.end()
        return await client.answer('POST').then((answer) => answer?.status)
      case 'cutChunked':
        await client.send(requestHead('POST', path, [...headers, 'Transfer-Encoding: chunked']))
        await client.send(inChunks([part]).subarray(0, -5))
        client.end()
        return await client.answer('POST').then((answer) => answer?.status)
    }
  } finally {
    client.close()
    await client.ended
  }
}

test('a stream that goes up and ends at any byte too soon stores nothing', { timeout: 120_000 }, async () => {
  const quotaBytes = 1_000_000
  const { server, call } = await serving({ quotaBytes })
  const isEmpty = async () => {
    expect(await (await call('/blobs/ann/')).json()).toEqual([])
    expect(await (await call('/blobs/ann/?only_count=1&namespace=')).json()).toEqual({ count: 0 })
  }

  const small = parcel(['a', bytes(16)], ['b', bytes(20)])
  for (let end = 0; end < small.length; end++)
    for (const how of truncations)
      expect([400, undefined], `${end} ${how}`).toContain(await sendTruncated(server.port, small, end, how))
  await isEmpty()

  await fc.assert(
    fc.asyncProperty(
      someBlobs.filter((blobs) => blobs.length > 0),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.constantFrom(...truncations),
      async (blobs, part, how) => {
        const body = parcel(...blobs)
        expect([400, undefined, 507]).toContain(await sendTruncated(server.port, body, Math.floor(part * body.length), how))
        await isEmpty()
      },
    ),
    { numRuns: 60 },
  )

  // Nothing of all that is counted: the whole quota is there again once the server knows that the last sender has gone.
  const fill = async () => (await call('/blobs/ann/all', { method: 'PUT', body: bytes(quotaBytes) })).status
  await expect.poll(fill, { timeout: 30_000 }).toBe(200)
})
