import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { soledadCipher } from '../../src/cipher/soledad'
import { bodyOf, collecting, noise } from '../../src/testing/cipher-bytes'
import { expectRight } from '../../src/testing/expect'
import { serve } from '../../src/server/serve'
import { keyFor } from '../cipher/vectors'
import { bytes, folder, serving, token } from './serving'

const MAIL = token('mail', 's3rvice')

const receiving = async (options: Parameters<typeof serving>[0] = {}) => {
  const server = await serving({ services: [{ name: 'mail', token: 's3rvice' }], incomingPort: 0, ...options })
  const deliver = (path: string, body: Uint8Array<ArrayBuffer> | ReadableStream, authorization = MAIL) =>
    fetch(`${server.server.incoming?.url}/incoming/${path}`, {
      method: 'PUT',
      headers: { authorization },
      body,
      ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
    })
  const stored = async (id: string) => new Uint8Array(await (await server.call(`/blobs/ann/${id}?namespace=MX`)).arrayBuffer())
  return { ...server, deliver, stored }
}

describe.each([0, 1, 15, 16, 100, 131_072 - 737, 131_072, 500_000])('a delivery of %i bytes', (size) => {
  test.each(['announced', 'not announced'])('whose length is %s is stored behind a preamble that tells it', async (how) => {
    const { deliver, stored, call } = await receiving()
    const before = Math.floor(Date.now() / 1000)
    const payload = bytes(size)
    expect((await deliver('ann/d-1', how === 'announced' ? payload : new Blob([payload]).stream())).status).toBe(200)
    const blob = await stored('d-1')
    expect(Buffer.compare(blob.subarray(737), payload)).toBe(0)
    expect(blob[736]).toBe(0x20)
    const text = Buffer.from(blob.subarray(0, 736)).toString('latin1')
    expect(text).toMatch(/^EzcC[A-Za-z0-9_-]{732}$/)

    // Field by field, as section 3 of the specification lays them out.
    const preamble = Buffer.from(text, 'base64url')
    expect(preamble).toHaveLength(552)
    expect(preamble.subarray(0, 8).toString('hex')).toBe('1337020300000000')
    expect(Number(preamble.readBigUInt64LE(8))).toBeGreaterThanOrEqual(before)
    expect(Number(preamble.readBigUInt64LE(8))).toBeLessThanOrEqual(Math.floor(Date.now() / 1000))
    expect(preamble.subarray(16, 32)).toEqual(Buffer.alloc(16))
    expect(preamble.subarray(32, 287)).toEqual(Buffer.concat([Buffer.from('\x03d-1'), Buffer.alloc(251)]))
    expect(preamble.subarray(287, 542)).toEqual(Buffer.concat([Buffer.from('\x010'), Buffer.alloc(253)]))
    expect(preamble.readUInt16LE(542)).toBe(0)
    expect(Number(preamble.readBigUInt64LE(544))).toBe(size)

    const [tag, flags] = [
      (await call('/blobs/ann/d-1?namespace=MX')).headers.get('tag'),
      await (await call('/blobs/ann/d-1?namespace=MX&only_flags=1')).json(),
    ]
    expect([tag, flags]).toEqual([`${Buffer.from(blob.slice(-16)).toString('base64url')}==`, ['PENDING']])
  })
})

test('a device reads a delivery as what someone else encrypted, never as a blob of its own', async () => {
  const { deliver, stored } = await receiving()
  await deliver('ann/d1', bytes(1_000))
  const { take, bytes: taken } = collecting()
  const decrypted = await soledadCipher(noise(512)).decrypt(keyFor('d1'), bodyOf([await stored('d1')]), null, take)()
  expect(expectRight(decrypted, 'decrypt').isExternal).toBe(true)
  expect(Buffer.compare(taken(), bytes(1_000))).toBe(0)
})

test('deliveries count against the user’s quota, with their preambles, and free it again', async () => {
  const { deliver, call } = await receiving({ quotaBytes: 2_000 })
  expect((await deliver('ann/d1', bytes(1_000))).status).toBe(200)
  expect((await call('/blobs/ann/b1', { method: 'PUT', body: bytes(264) })).status).toBe(507)
  expect((await call('/blobs/ann/b1', { method: 'PUT', body: bytes(263) })).status).toBe(200)
  expect((await deliver('ann/d2', bytes(0))).status).toBe(507)
  expect((await deliver('bob/d2', bytes(1_263))).status).toBe(200)
  await call('/blobs/ann/d1?namespace=MX', { method: 'DELETE' })
  expect((await deliver('ann/d2', bytes(1_000))).status).toBe(200)
})

test('a delivery that is cut short stores nothing', async () => {
  const { deliver, call } = await receiving()
  const cut = new ReadableStream({
    start: (controller) => controller.enqueue(bytes(200_000)),
    pull: (controller) => controller.error(new Error('cut')),
  })
  await expect(deliver('ann/d1', cut)).rejects.toThrow()
  expect(await (await call('/blobs/ann/?namespace=MX')).json()).toEqual([])
})

test('a service is told of a broken disk in its own way, and the operator in full', async () => {
  const { deliver, root, lines } = await receiving()
  await rmdir(join(root, 'arriving'))
  const response = await deliver('ann/d1', bytes(200_000))
  expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
    500,
    'application/json',
    '{"success": false}',
  ])
  expect(lines.at(-1)).toMatch(/^PUT \/incoming\/ann\/d1 500 \d+ [\d.]+ Error: ENOENT/)
})

test('without services there is no port for them; with them it is on loopback only, and closes with the other', async () => {
  expect((await serving()).server.incoming).toBeNull()
  const { server, deliver } = await receiving({ host: '0.0.0.0' })
  expect(server.incoming?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  await server.close()
  await expect(deliver('ann/d1', bytes(10))).rejects.toThrow()
})

test('a port for services that is taken frees everything else', async () => {
  const { server, port } = await receiving()
  const root = await folder()
  const options = { root, accounts: [], services: [{ name: 'mail', token: 'x' }] }
  await expect(serve({ ...options, port: 0, incomingPort: server.incoming?.port ?? 0 })).rejects.toThrow('EADDRINUSE')
  await expect(serve({ ...options, port, incomingPort: 0 })).rejects.toThrow('EADDRINUSE')
  const again = await serve({ ...options, port: 0, incomingPort: 0 })
  await again.close()
  await rm(root, { recursive: true })
})
