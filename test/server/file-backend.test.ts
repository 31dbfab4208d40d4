import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { rewritePayload } from '../../src/server/rewrite-payload'
import { parcel } from './api/row'
import { bytes, folder, serving } from './serving'

test('what a crash left is swept at the start, what is named stays', async () => {
  const root = await folder()
  const before = await serving({ root })
  await before.call('/blobs/ann/b1', { method: 'PUT', body: bytes(300_000) })
  await before.server.close()
  await writeFile(join(root, 'arriving', 'half'), 'x')
  await mkdir(join(root, 'payloads', 'zz'))
  await writeFile(join(root, 'payloads', 'zz', 'zz-unnamed'), 'x')
  const after = await serving({ root })
  expect(await readdir(join(root, 'arriving'))).toEqual([])
  expect(await readdir(join(root, 'payloads', 'zz'))).toEqual([])
  expect((await (await after.call('/blobs/ann/b1')).arrayBuffer()).byteLength).toBe(300_000)
})

test('deleting and losing a race leave no file behind', async () => {
  const { call, root } = await serving()
  const files = async () => {
    const folders = await readdir(join(root, 'payloads'))
    return (await Promise.all(folders.map((name) => readdir(join(root, 'payloads', name))))).flat()
  }
  await Promise.all(Array.from({ length: 4 }, (_, n) => call('/blobs/ann/b1', { method: 'PUT', body: bytes(300_000, n) })))
  expect(await files()).toHaveLength(1)
  await call('/blobs/ann/b1', { method: 'DELETE' })
  expect(await files()).toEqual([])
})

test('ids that differ in case only are two blobs, in memory and in files', async () => {
  const { call } = await serving()
  for (const size of [100, 300_000]) {
    for (const [seed, id] of ['blob', 'BLOB'].entries()) {
      expect((await call(`/blobs/ann/${id}${size}`, { method: 'PUT', body: bytes(size, seed) })).status).toBe(200)
    }
    const first = new Uint8Array(await (await call(`/blobs/ann/blob${size}`)).arrayBuffer())
    expect(Buffer.compare(first, bytes(size, 0))).toBe(0)
  }
})

test.each([100, 300_000])('stored bytes can be changed under the feet of a running server (%i bytes)', async (size) => {
  const { call, root } = await serving()
  await call('/blobs/ann/b1', { method: 'PUT', body: bytes(size) })
  const key = { user: 'ann', namespace: 'default', id: 'b1' }
  const flip = (stored: Uint8Array<ArrayBuffer>) => stored.with(50, (stored[50] ?? 0) ^ 1)
  expect(await rewritePayload(root, key, flip)).toBe(true)
  const changed = new Uint8Array(await (await call('/blobs/ann/b1')).arrayBuffer())
  expect(Buffer.compare(changed, flip(bytes(size)))).toBe(0)
  expect(await rewritePayload(root, { ...key, id: 'b2' }, flip)).toBe(false)
})

test('a thousand blobs are listed, counted and kept over a restart', async () => {
  const before = await serving()
  const ids = Array.from({ length: 1000 }, (_, n) => `b${String(n).padStart(4, '0')}`)
  for (let n = 0; n < ids.length; n += 50) {
    await Promise.all(ids.slice(n, n + 50).map((id) => before.call(`/blobs/ann/${id}`, { method: 'PUT', body: bytes(1_000) })))
  }
  await before.server.close()
  const { call } = await serving({ root: before.root })
  expect(await (await call('/blobs/ann/')).json()).toEqual(ids)
  expect(await (await call('/blobs/ann/?only_count=1')).json()).toEqual({ count: 1000 })
})

test('flags are kept over a restart, and a folder from before there were any is taken over', async () => {
  const first = await serving()
  await first.call('/blobs/ann/b1', { method: 'PUT', body: bytes(100) })
  await first.server.close()
  const database = new DatabaseSync(join(first.root, 'blobs.sqlite'))
  database.exec('DROP TABLE flags')
  database.close()

  const second = await serving({ root: first.root })
  expect(await (await second.call('/blobs/ann/b1?only_flags=1')).json()).toEqual([])
  expect((await second.call('/blobs/ann/b1', { method: 'POST', body: '["FAILED", "PENDING"]' })).status).toBe(200)
  await second.server.close()
  const third = await serving({ root: first.root })
  expect(await (await third.call('/blobs/ann/b1?only_flags=1')).json()).toEqual(['FAILED', 'PENDING'])
  expect(await (await third.call('/blobs/ann/?filter_flag=FAILED')).json()).toEqual(['b1'])
})

test('small blobs beyond what may wait in memory wait in files, and come back all the same', { timeout: 60_000 }, async () => {
  const { call, root } = await serving()
  const blobs = Array.from({ length: 560 }, (_, n) => [`b${n}`, new Uint8Array(125_000).fill(n)] as const)
  const up = await call('/stream/ann/?direction=upload', { method: 'POST', body: new Uint8Array(parcel(...blobs)) })
  expect(up.status).toBe(200)
  const files = await Promise.all((await readdir(join(root, 'payloads'))).map((name) => readdir(join(root, 'payloads', name))))
  expect(files.flat()).toHaveLength(560 - Math.floor((64 * 1024 * 1024) / 125_000))
  for (const n of [0, 300, 559]) {
    const stored = Buffer.from(await (await call(`/blobs/ann/b${n}`)).arrayBuffer())
    expect(Buffer.compare(stored, new Uint8Array(125_000).fill(n))).toBe(0)
  }
  expect(await readdir(join(root, 'arriving'))).toEqual([])
})

test('a stream that is refused at its end leaves no file behind', async () => {
  const { call, root } = await serving()
  const body = parcel(['a', bytes(300_000)], ['b', bytes(100)], ['c', bytes(300_000)])
  for (const end of [body.length - 1, 350_000, 200_000]) {
    const up = await call('/stream/ann/?direction=upload', { method: 'POST', body: new Uint8Array(body.subarray(0, end)) })
    expect(up.status).toBe(400)
  }
  const files = await Promise.all((await readdir(join(root, 'payloads'))).map((name) => readdir(join(root, 'payloads', name))))
  expect([files.flat(), await readdir(join(root, 'arriving'))]).toEqual([[], []])
})

test('of a deleted blob only the tombstone is left in the database', async () => {
  const { call, root } = await serving()
  await call('/blobs/ann/b1', { method: 'PUT', body: bytes(100) })
  await call('/blobs/ann/b1', { method: 'POST', body: '["PENDING"]' })
  const database = new DatabaseSync(join(root, 'blobs.sqlite'), { readOnly: true })
  const rows = () =>
    ['blob', 'payload', 'flags', 'tombstone'].map((table) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])
  expect(rows()).toEqual([1, 1, 1, 0])
  await call('/blobs/ann/b1', { method: 'DELETE' })
  expect(rows()).toEqual([0, 0, 0, 1])
  database.close()
})
