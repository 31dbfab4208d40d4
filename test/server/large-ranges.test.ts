import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { bytes, serving } from './serving'

const GIB = 2 ** 30

/** A blob of 3 GiB and a little, of which the disk has only the end. */
const large = async () => {
  const all = await serving()
  await all.call('/blobs/ann/a', { method: 'PUT', body: bytes(200_000) })
  const sizeBytes = 3 * GIB + 17
  const [folder = ''] = await readdir(join(all.root, 'payloads'))
  const [name = ''] = await readdir(join(all.root, 'payloads', folder))
  const file = await open(join(all.root, 'payloads', folder, name), 'r+')
  await file.write(bytes(1000), 0, 1000, sizeBytes - 1000)
  await file.close()
  const database = new DatabaseSync(join(all.root, 'blobs.sqlite'))
  database.prepare('UPDATE blob SET sizeBytes = ?').run(sizeBytes)
  database.close()
  return { ...all, sizeBytes }
}

test.each([
  [
    'from a byte beyond 2 GiB',
    (size: number) => `bytes=${size - 1000}-`,
    (size: number) => `bytes ${size - 1000}-${size - 1}/${size}`,
  ],
  ['of the last bytes', () => 'bytes=-1000', (size: number) => `bytes ${size - 1000}-${size - 1}/${size}`],
  [
    'between two, as Soledad reads it',
    (size: number) => `bytes=${size - 1000}-${size}`,
    (size: number) => `bytes ${size - 1000}-${size}/${size}`,
  ],
])('a range %s is sent, and says of how much', async (_name, range, contentRange) => {
  const { call, sizeBytes } = await large()
  const answer = await call('/blobs/ann/a', { headers: { range: range(sizeBytes) } })
  expect([answer.status, answer.headers.get('content-range')]).toEqual([206, contentRange(sizeBytes)])
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(bytes(1000)))
})

test('a range behind the end is 416 and says how much there is; all of it has its length', async () => {
  const { call, sizeBytes } = await large()
  const answer = await call('/blobs/ann/a', { headers: { range: `bytes=${sizeBytes}-` } })
  expect([answer.status, answer.headers.get('content-range')]).toEqual([416, `bytes */${sizeBytes}`])
  const whole = await call('/blobs/ann/a')
  expect([whole.status, whole.headers.get('content-length')]).toEqual([200, String(sizeBytes)])
  await whole.body?.cancel()
  const list = await call('/blobs/ann/', { headers: { accept: 'application/vnd.blobsync.list+json' } })
  expect((await list.json())[0].size).toBe(sizeBytes)
})

test('a stream, whose sizes have eight digits, refuses a blob that needs nine before it begins', async () => {
  const { call } = await serving()
  const list = Buffer.from(`[["a", ${2 ** 32}]]\n`)
  expect((await call('/stream/ann/?direction=upload', { method: 'POST', body: list })).status).toBe(413)
})

test('a range is for the bytes that the client began with: those of another blob come whole', async () => {
  const { call } = await serving()
  await call('/blobs/ann/a', { method: 'PUT', body: bytes(1000) })
  const etag = (await call('/blobs/ann/a')).headers.get('etag') ?? ''
  expect(etag).toMatch(/^"[A-Za-z0-9_-]{22}=="$/)
  const ask = (ifRange: string) => call('/blobs/ann/a', { headers: { range: 'bytes=900-', 'if-range': ifRange } })
  const same = await ask(etag)
  expect([same.status, (await same.arrayBuffer()).byteLength, same.headers.get('etag')]).toEqual([206, 100, etag])

  await call('/blobs/ann/a', { method: 'DELETE' })
  await call('/blobs/ann/a', { method: 'PUT', body: bytes(950, 2) })
  for (const ifRange of [etag, `W/${etag}`, 'Sat, 29 Oct 1994 19:43:31 GMT', '""']) {
    const other = await ask(ifRange)
    expect([other.status, other.headers.get('content-range')]).toEqual([200, null])
    expect(Buffer.from(await other.arrayBuffer())).toEqual(Buffer.from(bytes(950, 2)))
  }
})
