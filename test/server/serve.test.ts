import { once } from 'node:events'
import { readdir, readFile, readlink, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { serve } from '../../src/server/serve'
import { bytes, folder, head, raw, serving } from './serving'

const nothingArrived = async (root: string) => expect(await readdir(join(root, 'arriving'))).toEqual([])

test.each([1_000, 1_000_000])('a body of %i bytes that is cut short stores nothing', async (size) => {
  const { call, port, root, lines } = await serving()
  const client = raw(port)
  await client.send(head('PUT', '/blobs/ann/b1', `Content-Length: ${size}`))
  await client.send(bytes(size - 1))
  client.socket.end()
  await client.ended
  await vi.waitFor(() => expect(lines.some((line) => line.startsWith('PUT /blobs/ann/b1 400'))).toBe(true))
  expect(await (await call('/blobs/ann/')).json()).toEqual([])
  await nothingArrived(root)
  expect((await call('/blobs/ann/b1', { method: 'PUT', body: bytes(size) })).status).toBe(200)
})

test('a chunked body without its end stores nothing', async () => {
  const { call, port, root, lines } = await serving()
  const client = raw(port)
  await client.send(head('PUT', '/blobs/ann/b1', 'Transfer-Encoding: chunked'))
  await client.send(`3e8\r\n${'x'.repeat(1000)}\r\n`)
  client.socket.destroy()
  await vi.waitFor(() => expect(lines.some((line) => line.startsWith('PUT /blobs/ann/b1 400'))).toBe(true))
  expect(await (await call('/blobs/ann/')).json()).toEqual([])
  await nothingArrived(root)
})

test('a body that stalls is cut, one that is slow is not', async () => {
  const { call, port, root } = await serving({ stallMs: 500 })
  const stalling = raw(port)
  await stalling.send(head('PUT', '/blobs/ann/stalls', 'Content-Length: 200000'))
  await stalling.send(bytes(150_000))
  const slow = raw(port)
  await slow.send(head('PUT', '/blobs/ann/slow', 'Content-Length: 200', 'Connection: close'))
  const body = bytes(200)
  for (let sent = 0; sent < body.length; sent += 20) {
    await new Promise((resolve) => setTimeout(resolve, 80))
    await slow.send(body.slice(sent, sent + 20))
  }
  expect(await slow.ended).toContain('HTTP/1.1 200')
  await stalling.ended
  expect(await (await call('/blobs/ann/')).json()).toEqual(['slow'])
  await vi.waitFor(() => nothingArrived(root))
})

test('a blob does not appear before its last byte came', async () => {
  const { call, port } = await serving()
  for (const size of [1_000, 500_000]) {
    const client = raw(port)
    await client.send(head('PUT', `/blobs/ann/b${size}`, `Content-Length: ${size}`, 'Connection: close'))
    const body = bytes(size)
    await client.send(body.slice(0, -1))
    expect((await call(`/blobs/ann/b${size}`)).status).toBe(404)
    expect(await (await call('/blobs/ann/')).json()).not.toContain(`b${size}`)
    await client.send(body.slice(-1))
    expect(await client.ended).toContain('HTTP/1.1 200')
    expect((await call(`/blobs/ann/b${size}`)).status).toBe(200)
  }
})

test('too much is refused before it is sent', async () => {
  const { port } = await serving({ quotaBytes: 1_000, blobBytesMax: 10_000 })
  for (const [size, status] of [
    [5_000, 507],
    [500_000_000, 413],
  ]) {
    const client = raw(port)
    await client.send(head('PUT', '/blobs/ann/b1', `Content-Length: ${size}`))
    expect(await client.seen(/\r\n\r\n/)).toContain(`HTTP/1.1 ${status}`)
    client.socket.destroy()
  }
})

test('a huge head and one that never ends are refused, and logged', async () => {
  const { port, lines } = await serving({ headMs: 300 })
  const huge = raw(port)
  await huge.send(head('GET', '/blobs/ann/', `X-Filler: ${'x'.repeat(100_000)}`))
  expect(await huge.ended).toContain('HTTP/1.1 431')
  const slow = raw(port)
  await slow.send('GET / HTTP/1.1\r\nHost: local')
  expect(await slow.ended).toContain('HTTP/1.1 408')
  expect(lines).toEqual([expect.stringContaining(' 431 '), expect.stringContaining(' 408 ')])
})

test('each request is one line without a secret', async () => {
  const { call, lines } = await serving()
  await call('/blobs/ann/b1?namespace=mail', { method: 'PUT', body: bytes(200_000) })
  await (await call('/blobs/ann/b1?namespace=mail')).arrayBuffer()
  await vi.waitFor(() => expect(lines).toHaveLength(2))
  await call('/blobs/ann/b2?token=c2VjcmV0', { headers: { authorization: 'Token c2VjcmV0' } })
  await vi.waitFor(() => expect(lines).toHaveLength(3))
  expect(lines).toEqual([
    expect.stringMatching(/^PUT \/blobs\/ann\/b1 200 200000 [\d.]+$/),
    expect.stringMatching(/^GET \/blobs\/ann\/b1 200 200000 [\d.]+$/),
    expect.stringMatching(/^GET \/blobs\/ann\/b2 401 0 [\d.]+$/),
  ])
})

test('a broken disk is told to the operator and not to the client', async () => {
  const { call, root, lines } = await serving()
  await call('/blobs/ann/b1', { method: 'PUT', body: bytes(200_000) })
  const [folderName = ''] = await readdir(join(root, 'payloads'))
  const [name = ''] = await readdir(join(root, 'payloads', folderName))
  await rename(join(root, 'payloads', folderName, name), join(root, 'elsewhere'))
  const response = await call('/blobs/ann/b1')
  expect([response.status, await response.text()]).toEqual([500, ''])
  expect(lines.at(-1)).toMatch(/^GET \/blobs\/ann\/b1 500 0 [\d.]+ Error: ENOENT/)
})

test('many read one blob at once, and one who leaves holds nothing open', async () => {
  const { call, lines } = await serving()
  await call('/blobs/ann/b1', { method: 'PUT', body: bytes(2_000_000) })
  const openFiles = async () => {
    const names = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return names.filter((name) => name.includes('/payloads/')).length
  }
  const all = await Promise.all(Array.from({ length: 20 }, async () => (await call('/blobs/ann/b1')).arrayBuffer()))
  expect(new Set(all.map((each) => Buffer.from(each).toString('base64'))).size).toBe(1)
  const leaver = new AbortController()
  const left = await call('/blobs/ann/b1', { signal: leaver.signal })
  await left.body?.getReader().read()
  leaver.abort()
  await vi.waitFor(() => expect(lines).toHaveLength(22))
  if (process.platform === 'linux') await vi.waitFor(async () => expect(await openFiles()).toBe(0))
})

test('closing lets an upload finish, then frees port and folder', async () => {
  const { server, port, root } = await serving()
  const client = raw(port)
  const body = bytes(300_000)
  await client.send(head('PUT', '/blobs/ann/b1', 'Content-Length: 300000'))
  await client.send(body.slice(0, 200_000))
  const idle = raw(port)
  await idle.send(head('GET', '/'))
  await idle.seen(/blobs/)
  const silent = raw(port)
  await once(silent.socket, 'connect')
  const closed = server.close()
  await Promise.all([idle.ended, silent.ended])
  await client.send(body.slice(200_000))
  expect(await client.ended).toContain('HTTP/1.1 200')
  await closed
  const again = await serving({ root, port })
  expect(await (await again.call('/blobs/ann/')).json()).toEqual(['b1'])
})

test('closing cuts what does not finish in time', async () => {
  const { server, port, root } = await serving({ stopMs: 100 })
  const client = raw(port)
  await client.send(head('PUT', '/blobs/ann/b1', 'Content-Length: 300000'))
  await client.send(bytes(200_000))
  await server.close()
  await client.ended
  await nothingArrived(root)
  expect(await server.close()).toBeUndefined()
})

test('one folder has one server, and one port too', async () => {
  const { root, port } = await serving()
  await expect(serve({ root, port: 0, accounts: [] })).rejects.toThrow('held by another server')
  const other = await folder()
  await expect(serve({ root: other, port, accounts: [] })).rejects.toThrow('EADDRINUSE')
  await serving({ root: other })
})

test('what rests on the disk has no secret of an account', async () => {
  const { call, root, server } = await serving()
  await call('/blobs/ann/b1', { method: 'PUT', body: bytes(100) })
  await server.close()
  expect((await readFile(join(root, 'blobs.sqlite'))).includes('secret')).toBe(false)
})
