import { readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fileBackend } from '../../src/server/file-backend'
import { blobHandler } from '../../src/server/handler'
import { parcel } from './api/row'
import { rawClient } from './raw-client'
import { ANN, bytes, folder, head, raw, serving } from './serving'

const openPayloads = async () => {
  const names = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return names.filter((name) => name.includes('/payloads/')).length
}

test('closing waits for every request that was sent on a connection', async () => {
  const { call, port, server } = await serving()
  await call('/blobs/ann/large', { method: 'PUT', body: new Uint8Array(20_000_000) })
  const client = rawClient(port)
  client.socket.pause()
  const body = bytes(100)
  await client.send(head('GET', '/blobs/ann/large') + head('PUT', '/blobs/ann/small', `Content-Length: ${body.length}`))
  await client.send(body)
  await vi.waitFor(async () => expect(await openPayloads()).toBe(1))
  const closed = server.close()
  client.socket.resume()
  expect((await client.answer('GET'))?.body.length).toBe(20_000_000)
  expect((await client.answer('PUT'))?.status).toBe(200)
  await client.ended
  await closed
})

test('a blob that is deleted before its turn ends its stream in the middle, and the operator is told', async () => {
  const { call, port, lines } = await serving()
  await call('/blobs/ann/first', { method: 'PUT', body: new Uint8Array(20_000_000) })
  await call('/blobs/ann/second', { method: 'PUT', body: bytes(20) })
  const client = raw(port)
  client.socket.pause()
  await client.send(`${head('POST', '/stream/ann/?direction=download', 'Content-Length: 18')}["first","second"]`)
  await vi.waitFor(async () => expect(await openPayloads()).toBe(1))
  expect((await call('/blobs/ann/second', { method: 'DELETE' })).status).toBe(200)
  client.socket.resume()
  const answer = await client.ended
  expect(answer.slice(0, 15)).toBe('HTTP/1.1 200 OK')
  expect(answer.length).toBeGreaterThan(20_000_000)
  expect(answer.endsWith('\r\n0\r\n\r\n')).toBe(false)
  await vi.waitFor(() => expect(lines.at(-1)).toMatch(/^POST \/stream\/ann\/ 200 \d+ [\d.]+ Error: A blob was deleted/))
  expect((await (await call('/blobs/ann/first')).arrayBuffer()).byteLength).toBe(20_000_000)
})

test.each([1, 2, 3, 4, 5])('a stream that is given up after %i pieces lets go of its file', async (pieces) => {
  const backend = await fileBackend(await folder())
  onTestFinished(() => backend.close())
  const handle = blobHandler({ backend, authenticate: () => true })
  const ask = (method: string, path: string, body: Uint8Array<ArrayBuffer> | string) =>
    handle(new Request(`http://localhost${path}`, { method, body, headers: { authorization: ANN } }))
  expect((await ask('PUT', '/blobs/ann/a', bytes(300_000))).status).toBe(200)
  const reader = (await ask('POST', '/stream/ann/?direction=download', '["a"]')).body?.getReader()
  for (let piece = 0; piece < pieces; piece++) await reader?.read()
  await reader?.cancel()
  expect(await openPayloads()).toBe(0)
})

test('one who leaves in the middle of a stream holds nothing open', async () => {
  const { call, port, root, lines } = await serving()
  for (const id of ['a', 'b']) await call(`/blobs/ann/${id}`, { method: 'PUT', body: new Uint8Array(20_000_000) })
  const reader = rawClient(port)
  reader.socket.pause()
  await reader.send(`${head('POST', '/stream/ann/?direction=download', 'Content-Length: 9')}["a","b"]`)
  await vi.waitFor(async () => expect(await openPayloads()).toBe(1))
  reader.close()
  await vi.waitFor(async () => expect(await openPayloads()).toBe(0))

  const writer = rawClient(port)
  const body = parcel(['c', bytes(400_000)], ['d', bytes(400_000)])
  await writer.send(head('POST', '/stream/ann/?direction=upload', `Content-Length: ${body.length}`))
  await writer.send(body.subarray(0, 600_000))
  await vi.waitFor(async () => expect(await readdir(join(root, 'arriving'))).toHaveLength(1))
  writer.close()
  await vi.waitFor(() => expect(lines.some((line) => line.startsWith('POST /stream/ann/ 400'))).toBe(true))
  expect(await readdir(join(root, 'arriving'))).toEqual([])
  const payloads = await Promise.all((await readdir(join(root, 'payloads'))).map((name) => readdir(join(root, 'payloads', name))))
  expect(payloads.flat()).toHaveLength(2)
})
