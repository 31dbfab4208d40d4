import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { parcel, preambled } from './api/row'
import { inChunks, rawClient, requestHead } from './raw-client'
import { ANN, bytes, head, serving } from './serving'

test('requests that are sent all at once are answered one after the other, refused ones too', async () => {
  const { port } = await serving()
  const client = rawClient(port)
  const body = bytes(30_000)
  const sent: readonly (readonly [method: string, path: string, body: Uint8Array | null, status: number])[] = [
    ['PUT', '/blobs/ann/a', body, 200],
    ['PUT', '/blobs/ann/a', body, 409],
    ['PUT', '/blobs/ann/a%0A', body, 400],
    ['PUT', '/blobs/bob/a', body, 403],
    ['PATCH', '/blobs/ann/a', body, 401],
    ['POST', '/blobs/ann/a', Buffer.from('["X"]'), 406],
    ['POST', '/stream/ann/?direction=upload', parcel(['b', body], ['a', body]), 409],
    ['POST', '/stream/ann/?direction=upload', parcel(['b', preambled('c', 50)], ['d', body]), 400],
    ['POST', '/stream/ann/?direction=download', Buffer.from('["b"]'), 404],
    ['HEAD', '/blobs/ann/a', null, 401],
    ['GET', '/blobs/ann/a', null, 200],
    ['DELETE', '/blobs/ann/a', null, 200],
    ['GET', '/blobs/ann/', null, 200],
  ]
  const whole = sent.flatMap(([method, path, body]) => [
    Buffer.from(head(method, path, ...(body === null ? [] : [`Content-Length: ${body.length}`]))),
    body ?? Buffer.alloc(0),
  ])
  await client.send(Buffer.concat(whole))
  for (const [method, path, , status] of sent) {
    expect([path, (await client.answer(method))?.status]).toEqual([path, status])
  }
  client.close()
})

test.each([
  ['PUT', '/blobs/ann/there', bytes(2_000_000), 409],
  ['PUT', '/blobs/ann/large', bytes(3_000_001), 413],
  ['PUT', '/blobs/bob/x', bytes(2_000_000), 403],
  ['POST', '/blobs/ann/there', bytes(2_000_000), 413],
  ['POST', '/stream/ann/?direction=upload', parcel(['there', bytes(2_000_000)]), 409],
  ['POST', '/stream/ann/?direction=upload', parcel(['x', preambled('y', 900)], ['z', bytes(2_000_000)]), 400],
  ['POST', '/stream/ann/?direction=upload', Buffer.concat([parcel(['new', bytes(20)]), bytes(2_000_000)]), 200],
  ['POST', '/stream/ann/?direction=download', bytes(2_000_000), 413],
] as const)(
  '%s %s is answered before its long body is read, and the next request after it',
  async (method, path, body, status) => {
    const { call, port } = await serving({ blobBytesMax: 3_000_000 })
    await call('/blobs/ann/there', { method: 'PUT', body: bytes(20) })
    for (const framing of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
      const client = rawClient(port)
      const half = body.length >> 1
      const size = (part: Uint8Array) => (framing.startsWith('T') ? `${part.length.toString(16)}\r\n` : '')
      const end = framing.startsWith('T') ? '\r\n' : ''
      await client.send(head(method, path, framing))
      for (const part of [body.subarray(0, half), body.subarray(half)]) {
        await client.send(size(part))
        await client.send(part)
        await client.send(end)
      }
      if (framing.startsWith('T')) await client.send('0\r\n\r\n')
      expect((await client.answer(method))?.status).toBe(
        path.includes('upload') && framing.startsWith('T') && status === 200 ? 409 : status,
      )
      await client.send(head('GET', '/blobs/ann/there'))
      expect((await client.answer('GET'))?.body.length).toBe(20)
      client.close()
    }
  },
)

test.each([
  ['PUT', '/blobs/ann/there', '', 409],
  ['POST', '/stream/ann/?direction=upload', '[["new", 500], ["there", 500]]\n', 409],
  ['POST', '/stream/ann/?direction=upload', '[["new", 500], ["new", 500]]\n', 409],
  ['POST', '/stream/ann/?direction=upload', '[["new", 500], ["a/b", 500]]\n', 400],
  ['POST', '/stream/ann/?direction=upload', '[["new", 500], ["short", 15]]\n', 400],
  ['POST', '/stream/ann/?direction=upload', '[["new", 500], ["long", 1001]]\n', 413],
  ['POST', '/stream/ann/?direction=upload', '[["new", 990], ["more", 991]]\n', 507],
] as const)('%s %s with %j is refused before a blob is sent', async (method, path, start, status) => {
  const { call, port } = await serving({ blobBytesMax: 1_000, quotaBytes: 2_000 })
  await call('/blobs/ann/there', { method: 'PUT', body: bytes(20) })
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    const client = rawClient(port)
    await client.send(head(method, path, framing))
    if (start !== '') await client.send(framing.startsWith('T') ? inChunks([start]).subarray(0, -5) : start)
    expect((await client.answer(method))?.status).toBe(status)
    client.close()
  }
  expect(await (await call('/blobs/ann/')).json()).toEqual(['there'])
})

test('a refused body without an end is cut', async () => {
  const { call, port } = await serving()
  await call('/blobs/ann/there', { method: 'PUT', body: bytes(20) })
  for (const path of ['/blobs/ann/there', '/blobs/bob/x']) {
    const client = rawClient(port)
    await client.send(head('PUT', path, 'Transfer-Encoding: chunked'))
    const piece = Buffer.concat([Buffer.from('10000\r\n'), bytes(65_536), Buffer.from('\r\n')])
    while (!client.socket.destroyed) {
      await client.send(piece)
      await setImmediate()
    }
  }
})

test('HTTP/1.0 gets its answers without chunks, to the end of the connection', async () => {
  const { call, port } = await serving()
  await call('/blobs/ann/a', { method: 'PUT', body: bytes(20) })
  for (const [method, path, body, length] of [
    ['GET', '/blobs/ann/', '', 5],
    ['GET', '/blobs/ann/none', '', 24],
    ['GET', '/blobs/ann/a', '', 20],
    ['POST', '/stream/ann/?direction=download', '["a"]', 53],
  ] as const) {
    const client = rawClient(port)
    await client.send(
      requestHead(method, path, [`Authorization: ${ANN}`, 'Host: x', `Content-Length: ${body.length}`], '1.0') + body,
    )
    const answer = await client.answer(method)
    expect([answer?.headers.has('transfer-encoding'), answer?.body.length]).toEqual([false, length])
    await client.ended
  }
})

test.each(['FETCH /blobs/ann/a', 'get /blobs/ann/a', 'CONNECT ann:443'])(
  '%s is answered 401, and the connection closed',
  async (line) => {
    const { port } = await serving()
    const client = rawClient(port)
    await client.send(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect((await client.answer('GET'))?.status).toBe(401)
    await client.ended
  },
)

test('a client that waits to be told to go on is told so', async () => {
  const { call, port } = await serving()
  const client = rawClient(port)
  await client.send(head('PUT', '/blobs/ann/a', 'Content-Length: 20', 'Expect: 100-continue'))
  await client.send(bytes(20))
  const goOn = await client.answer('PUT')
  expect([goOn?.status, (await client.answer('PUT'))?.status]).toEqual([100, 200])
  expect((await call('/blobs/ann/a')).status).toBe(200)
  client.close()
})
