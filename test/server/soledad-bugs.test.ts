import { describe, expect, test } from 'vitest'
import { framesOf, parcel, preambled } from './api/row'
import { exchange } from './exchange'
import { bytes, head, raw, serving } from './serving'

// The numbers are those of the specification, which lists what Soledad's own server does instead.

type Call = Awaited<ReturnType<typeof serving>>['call']

const put = async (call: Call, path: string, body: Uint8Array<ArrayBuffer>) =>
  (await call(`/blobs/ann/${path}`, { method: 'PUT', body })).status
const remove = async (call: Call, path: string) => (await call(`/blobs/ann/${path}`, { method: 'DELETE' })).status
const list = async (call: Call, query = ''): Promise<unknown> => (await call(`/blobs/ann/${query}`)).json()
const stored = async (call: Call, path: string) => Buffer.from(await (await call(`/blobs/ann/${path}`)).arrayBuffer())
const upload = async (call: Call, body: Buffer) =>
  (await call('/stream/ann/?direction=upload', { method: 'POST', body: new Uint8Array(body) })).status

test('B8: an id that was deleted and put again is in the live list as long as it lives', async () => {
  const { call } = await serving()
  for (let round = 1; round <= 3; round++) {
    expect(await put(call, 'b1', bytes(100, round))).toBe(200)
    expect(await list(call)).toEqual(['b1'])
    expect(await list(call, '?deleted=True')).toEqual(round === 1 ? [] : ['b1'])
    expect(Buffer.compare(await stored(call, 'b1'), bytes(100, round))).toBe(0)
    expect(await remove(call, 'b1')).toBe(200)
    expect([await list(call), await list(call, '?deleted=True')]).toEqual([[], ['b1']])
  }
})

describe('B15: a stream that goes up', () => {
  test('overwrites nothing', async () => {
    const { call } = await serving()
    await put(call, 'old', bytes(100))
    expect(await upload(call, parcel(['new', bytes(50)], ['old', bytes(50, 2)]))).toBe(409)
    expect(await list(call)).toEqual(['old'])
    expect(Buffer.compare(await stored(call, 'old'), bytes(100))).toBe(0)
  })

  test('obeys the quota, together with what is there', async () => {
    const { call } = await serving({ quotaBytes: 1_000 })
    await put(call, 'old', bytes(500))
    expect(await upload(call, parcel(['a', bytes(400)], ['b', bytes(101)]))).toBe(507)
    expect(await list(call)).toEqual(['old'])
    expect(await upload(call, parcel(['a', bytes(400)], ['b', bytes(100)]))).toBe(200)
  })

  test('stores no blob that is shorter than announced', async () => {
    const { call } = await serving()
    for (const size of [100, 300_000]) {
      expect(await upload(call, parcel(['a', bytes(size)], ['b', bytes(size)]).subarray(0, -1))).toBe(400)
      expect(await list(call)).toEqual([])
    }
  })
})

test('B16: what Soledad never answers is answered, and the connection goes on', async () => {
  const { server } = await serving()
  for (const [request, body, status] of [
    ['GET /blobs/ann/?order_by=size', undefined, 400],
    ['GET /blobs/ann/?order_by=+date', undefined, 400],
    ['GET /blobs/ann/?order_by=size&only_count=1', undefined, 200],
    ['POST /stream/ann/?direction=download', '["none"]', 404],
    ['POST /stream/ann/?direction=download', '["none"', 400],
    ['POST /stream/ann/?direction=upload', '[["a/b", 20]]\n', 400],
    ['POST /stream/ann/?direction=upload', '[["a"', 400],
    ['POST /stream/ann/?direction=sideways', '', 400],
  ] as const) {
    const { answer, isUsable } = await exchange({ request, ...(body === undefined ? {} : { body }) }, server.port)
    expect([request, answer.status, isUsable]).toEqual([request, status, true])
  }
})

test.each([1_000, 5_000_000])('B17: a range outside a blob of %i bytes is refused at once and locks nobody out', async (size) => {
  const { server, call } = await serving()
  await put(call, 'b1', bytes(size))
  for (const range of [`0-${size + 1}`, `${size + 1}-${size + 2}`, '20-10', `${size}-`]) {
    const { answer } = await exchange({ request: 'GET /blobs/ann/b1', headers: [`Range: bytes=${range}`] }, server.port)
    expect([answer.status, answer.headers.get('content-range'), answer.body.length]).toEqual([416, `bytes */${size}`, 0])
  }
  // One who reads nothing of a long answer keeps it open meanwhile.
  const idler = raw(server.port)
  await idler.send(head('GET', '/blobs/ann/b1', `Range: bytes=0-${size}`))
  expect(Buffer.compare(await stored(call, 'b1'), bytes(size))).toBe(0)
  expect(await remove(call, 'b1')).toBe(200)
  idler.socket.destroy()
})

test('B18: a blob that is too short to be read is not stored', async () => {
  const { call } = await serving()
  expect(await put(call, 'b1', bytes(15))).toBe(400)
  expect(await upload(call, parcel(['b1', bytes(15)]))).toBe(400)
  expect(await upload(call, parcel(['b1', bytes(0)]))).toBe(400)
  expect([await list(call), await list(call, '?only_count=1')]).toEqual([[], { count: 0 }])
})

test('B19: a count has neither tombstones nor what is under way', async () => {
  const { call, port } = await serving()
  await put(call, 'live', bytes(20))
  await put(call, 'dead', bytes(20))
  await remove(call, 'dead')
  const arriving = raw(port)
  await arriving.send(head('PUT', '/blobs/ann/arriving', 'Content-Length: 500000'))
  await arriving.send(bytes(400_000))
  expect(await list(call, '?only_count=1')).toEqual({ count: 1 })
  arriving.socket.destroy()
})

test('B20: no name that ends in a line end is taken, wherever it stands', async () => {
  const { server, call } = await serving({ services: [{ name: 'mail', token: 'x' }], incomingPort: 0 })
  for (const [request, body] of [
    ['PUT /blobs/ann/nl%0A', 'x'.repeat(20)],
    ['PUT /blobs/ann/nl?namespace=ns%0A', 'x'.repeat(20)],
    ['PUT /blobs/ann%0A/nl', 'x'.repeat(20)],
    ['POST /stream/ann/?direction=upload', `[["nl\\n", 20]]\n${'x'.repeat(20)}`],
    ['POST /stream/ann/?direction=download', '["nl\\n"]'],
  ] as const) {
    expect((await exchange({ request, body }, server.port)).answer.status, request).toBe(400)
  }
  const delivery = { request: 'PUT /incoming/ann/nl%0A', authorization: `Token ${btoa('mail:x')}`, body: 'x' }
  expect((await exchange(delivery, server.incoming?.port ?? 0)).answer.status).toBe(400)
  expect(await list(call, '?only_count=1&namespace=')).toEqual({ count: 0 })
})

describe('B21: of two at once', () => {
  test.each([100, 300_000])('for one id, by PUT and by stream, exactly one stores all of its own (%i bytes)', async (size) => {
    const { call } = await serving()
    for (let round = 0; round < 5; round++) {
      const [shared, beside] = [`s${round}`, `t${round}`]
      const statuses = await Promise.all([
        put(call, shared, bytes(size, 1)),
        upload(call, parcel([beside, bytes(size, 2)], [shared, bytes(size, 3)])),
      ])
      expect(statuses.toSorted()).toEqual([200, 409])
      const byStream = statuses[1] === 200
      expect(Buffer.compare(await stored(call, shared), bytes(size, byStream ? 3 : 1))).toBe(0)
      expect((await call(`/blobs/ann/${beside}`)).status).toBe(byStream ? 200 : 404)
    }
  })

  test('streams that overlap, one stores all of its own and the others nothing', async () => {
    const { call } = await serving()
    const streams = Array.from({ length: 6 }, (_, n) => parcel([`own${n}`, bytes(50_000, n)], ['shared', bytes(300_000, n)]))
    const statuses = await Promise.all(streams.map((body) => upload(call, body)))
    const winner = statuses.indexOf(200)
    expect(statuses.toSpliced(winner, 1)).toEqual([409, 409, 409, 409, 409])
    expect(await list(call)).toEqual([`own${winner}`, 'shared'])
    expect(Buffer.compare(await stored(call, 'shared'), bytes(300_000, winner))).toBe(0)
  })

  test('readers, neither waits for the other', async () => {
    const { call, port } = await serving()
    const large = new Uint8Array(20_000_000).fill(7)
    await put(call, 'b1', large)
    const idlers = Array.from({ length: 5 }, () => raw(port))
    for (const { send } of idlers) await send(head('GET', '/blobs/ann/b1'))
    expect(Buffer.compare(await stored(call, 'b1'), large)).toBe(0)
    idlers.forEach(({ socket }) => socket.destroy())
  })
})

test('B22: the quota is of bytes as they are, over all namespaces, and free again at once', async () => {
  const { call } = await serving({ quotaBytes: 2_000 })
  // Each would take a block of 4096 bytes on a disk, besides its folders.
  for (let n = 0; n < 100; n++) expect(await put(call, `b${n}?namespace=n${n % 7}`, bytes(20))).toBe(200)
  expect(await put(call, 'more', bytes(16))).toBe(507)
  for (let round = 0; round < 3; round++) {
    expect(await remove(call, 'b0?namespace=n0')).toBe(200)
    expect(await put(call, 'b0?namespace=n0', bytes(21))).toBe(507)
    expect(await put(call, 'b0?namespace=n0', bytes(20))).toBe(200)
  }
})

describe('B27: a client that leaves blobs out of the stream it announced', () => {
  const ids = ['b1', 'b2', 'b3', 'b4', 'b5', 'b6']
  const blobs = ids.map((id) => preambled(id, 300))
  const announced = parcel(...ids.map((id, n) => [id, blobs[n]!] as const)).subarray(
    0,
    -blobs.reduce((sum, b) => sum + b.length, 0),
  )

  test.each([[[0]], [[5]], [[1, 2, 4]]])('without %j, is refused whole', async (left) => {
    const { call } = await serving()
    const sent = blobs.filter((_, n) => !left.includes(n))
    expect(await upload(call, Buffer.concat([announced, ...sent]))).toBe(400)
    expect(await list(call)).toEqual([])
  })

  test('and fills up to the length, is refused by the names in the blobs', async () => {
    const { call } = await serving()
    expect(await upload(call, Buffer.concat([announced, ...blobs.slice(1), blobs[1]!]))).toBe(400)
    expect(await list(call)).toEqual([])
    expect(await upload(call, Buffer.concat([announced, ...blobs]))).toBe(200)
    const down = await call('/stream/ann/?direction=download', { method: 'POST', body: JSON.stringify(ids) })
    expect(Buffer.compare(Buffer.from(await down.arrayBuffer()), framesOf(...blobs))).toBe(0)
  })
})
