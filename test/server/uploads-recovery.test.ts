import { appendFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { bytes, serving } from './serving'
import { locationOf, offsetOf, tusClient } from './upload-parts'

const whole = bytes(300_000)
const SENT_BYTES = 200_000

/** A folder as a crash leaves it after the last byte of `a`: durable, not yet a blob. */
const crashed = async (change: (root: string, file: string) => Promise<void> = async () => {}) => {
  const { root, server, call } = await serving({ quotaBytes: 1_000_000 })
  const tus = tusClient(server.url)
  const upload = locationOf(await tus.create('a', whole.length))
  await tus.patch(upload, 0, whole.slice(0, SENT_BYTES))
  await call('/blobs/ann/b', { method: 'PUT', body: bytes(16) })
  await server.close()
  const [file = ''] = await readdir(join(root, 'uploads'))
  await appendFile(join(root, 'uploads', file), whole.slice(SENT_BYTES))
  withDatabase(root, (database) => database.prepare('UPDATE upload SET offset = ?').run(whole.length))
  await change(root, file)
  return { root, upload, file }
}

const withDatabase = (root: string, change: (database: DatabaseSync) => void) => {
  const database = new DatabaseSync(join(root, 'blobs.sqlite'))
  change(database)
  database.close()
}

const published = async (root: string, file: string) => {
  const folder = join(root, 'payloads', file.slice(0, 2))
  await mkdir(folder, { recursive: true })
  await rename(join(root, 'uploads', file), join(folder, file))
}

test.each([
  ['before its file was moved', async () => {}],
  ['after its file was moved', published],
])('the server finishes at its start what a crash left complete %s', async (_name, change) => {
  const { root, upload } = await crashed(change)
  for (let start = 0; start < 2; start++) {
    const { server, call } = await serving({ root, quotaBytes: 1_000_000 })
    expect(await (await call('/blobs/ann/')).json()).toEqual(['a', 'b'])
    expect(Buffer.compare(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer()), whole)).toBe(0)
    expect(offsetOf(await tusClient(server.url).head(upload))).toBe(whole.length)
    expect(await readdir(join(root, 'uploads'))).toEqual([])
    // It counts once.
    const room = 1_000_000 - whole.length - 16
    expect((await call('/blobs/ann/c', { method: 'PUT', body: bytes(room + 1) })).status).toBe(507)
    expect((await call('/blobs/ann/c', { method: 'PUT', body: bytes(room) })).status).toBe(200)
    await call('/blobs/ann/c', { method: 'DELETE' })
    await server.close()
  }
})

test.each([
  ['before its file was moved', async () => {}],
  ['after its file was moved', published],
])('what was complete %s when another blob took its id is dropped', async (_name, change) => {
  const { root, upload } = await crashed(async (folder, file) => {
    withDatabase(folder, (database) => database.exec("UPDATE blob SET id = 'a'"))
    await change(folder, file)
  })
  const { server, call } = await serving({ root, quotaBytes: 1_000_000 })
  expect(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer())).toEqual(Buffer.from(bytes(16)))
  expect((await tusClient(server.url).head(upload)).status).toBe(404)
  expect(await readdir(join(root, 'uploads'))).toEqual([])
  expect((await readdir(join(root, 'payloads'), { recursive: true, withFileTypes: true })).filter((e) => e.isFile())).toEqual([])
  expect((await call('/blobs/ann/c', { method: 'PUT', body: bytes(1_000_000 - 16) })).status).toBe(200)
})

test('bytes beyond the offset that was told are forgotten: they may not have reached the disk', async () => {
  const { root, upload } = await crashed(async (folder, file) => {
    withDatabase(folder, (database) => database.prepare('UPDATE upload SET offset = ?').run(SENT_BYTES))
    await writeFile(join(folder, 'uploads', file), Buffer.concat([whole.slice(0, SENT_BYTES), bytes(150_000, 5)]))
    await writeFile(join(folder, 'uploads', 'nobody'), 'x')
  })
  const { server, call } = await serving({ root })
  const tus = tusClient(server.url)
  expect(offsetOf(await tus.head(upload))).toBe(SENT_BYTES)
  expect(await readdir(join(root, 'uploads'))).toHaveLength(1)
  expect((await tus.patch(upload, SENT_BYTES, whole.slice(SENT_BYTES, SENT_BYTES + 10))).status).toBe(204)
  expect((await tus.patch(upload, SENT_BYTES + 10, whole.slice(SENT_BYTES + 10))).status).toBe(204)
  expect(Buffer.compare(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer()), whole)).toBe(0)
})

/** Whole but for the last step, in which the disk failed; until it is mended. */
const failedAtLast = async () => {
  const all = await serving({ quotaBytes: whole.length + 16 })
  const tus = tusClient(all.server.url)
  const upload = locationOf(await tus.create('a', whole.length))
  await tus.patch(upload, 0, whole.slice(0, SENT_BYTES))
  const [file = ''] = await readdir(join(all.root, 'uploads'))
  const inTheWay = join(all.root, 'payloads', file.slice(0, 2))
  await writeFile(inTheWay, '')
  expect((await tus.patch(upload, SENT_BYTES, whole.slice(SENT_BYTES))).status).toBe(500)
  return { ...all, tus, upload, mend: () => rm(inTheWay) }
}

test('after a disk that failed at the last step all is told to be there once the blob is', async () => {
  const { call, tus, upload, mend } = await failedAtLast()
  const failed = await tus.head(upload)
  expect([failed.status, offsetOf(failed)]).toEqual([500, null])
  expect(await (await call('/blobs/ann/')).json()).toEqual([])
  await mend()
  expect(offsetOf(await tus.head(upload))).toBe(whole.length)
  expect(Buffer.compare(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer()), whole)).toBe(0)
})

test('after a disk that failed at the last step the upload is gone if another blob took its id', async () => {
  const { call, tus, upload, root, mend } = await failedAtLast()
  expect((await call('/blobs/ann/a', { method: 'PUT', body: bytes(16) })).status).toBe(200)
  await mend()
  const gone = await tus.head(upload)
  expect([gone.status, offsetOf(gone)]).toEqual([404, null])
  expect(Buffer.from(await (await call('/blobs/ann/a')).arrayBuffer())).toEqual(Buffer.from(bytes(16)))
  expect(await readdir(join(root, 'uploads'))).toEqual([])
  expect((await call('/blobs/ann/b', { method: 'PUT', body: bytes(whole.length) })).status).toBe(200)
})
