import { createServer } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { payload } from '../../src/testing/remote-ground'
import { key, left, right } from './against'

/** A tus server as it comes, with its own store of files, beside a root that says so. */
const plainServer = async (options: { readonly relativeLocation?: boolean; readonly expiresMs?: number } = {}) => {
  const directory = await mkdtemp(join(tmpdir(), 'blobsync-tus-'))
  const datastore = new FileStore({
    directory,
    ...(options.expiresMs === undefined ? {} : { expirationPeriodInMilliseconds: options.expiresMs }),
  })
  const tus = new Server({ path: '/uploads/ada', datastore, relativeLocation: options.relativeLocation ?? false })
  const server = createServer((request, response) => {
    if (request.url !== '/') return void tus.handle(request, response)
    response.writeHead(200, { 'Content-Type': 'application/json', 'Blob-Uploads': 'tus' })
    response.end(JSON.stringify({ blobs: true, version: '0.0.0' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await rm(directory, { recursive: true })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  const { resumable } = httpRemote({ url: `http://127.0.0.1:${address.port}/`, user: 'ada', token: 'secret' })
  if (resumable === undefined) throw new Error('The remote lacks the power.')
  const fileOf = (session: string) => readFile(join(directory, basename(session)))
  return { resumable, tus, fileOf, infoOf: async (session: string) => datastore.getUpload(basename(session)) }
}

describe('our client and a plain tus server', () => {
  test.each([true, false])('agree on an upload in parts, its Location relative: %s', async (relativeLocation) => {
    const { resumable, fileOf, infoOf } = await plainServer({ relativeLocation })
    const bytes = payload(2_500_000)
    const session = right(await resumable.create(key('a', 'photos'), { sizeBytes: bytes.length })())
    expect(await infoOf(session)).toMatchObject({ size: bytes.length, metadata: { namespace: 'photos', id: 'a' } })
    for (let at = 0; at < bytes.length;) {
      expect(right(await resumable.offset(session)())).toBe(at)
      at = right(await resumable.append(session, { at, bytes: bytes.slice(at, at + 1_000_000) })())
    }
    expect(Buffer.compare(await fileOf(session), bytes)).toBe(0)
  })

  test('agree on where it stands when a part was meant for another place', async () => {
    const { resumable, fileOf } = await plainServer()
    const bytes = payload(10_000)
    const session = right(await resumable.create(key('a'), { sizeBytes: bytes.length })())
    expect(right(await resumable.append(session, { at: 5_000, bytes: bytes.slice(5_000) })())).toBe(0)
    expect(right(await resumable.append(session, { at: 0, bytes: bytes.slice(0, 5_000) })())).toBe(5_000)
    expect(right(await resumable.append(session, { at: 0, bytes: bytes.slice(0, 6_000) })())).toBe(5_000)
    expect(right(await resumable.append(session, { at: 5_000, bytes: bytes.slice(5_000) })())).toBe(10_000)
    expect(Buffer.compare(await fileOf(session), bytes)).toBe(0)
  })

  test('agree on where to go on after a part was called off', async () => {
    const { resumable, fileOf } = await plainServer()
    const bytes = payload(60_000_000)
    const session = right(await resumable.create(key('a'), { sizeBytes: bytes.length })())
    const controller = new AbortController()
    const sending = resumable.append(session, { at: 0, bytes, signal: controller.signal })()
    controller.abort()
    expect(left(await sending)._tag).toBe('Aborted')
    const at = right(await resumable.offset(session)())
    expect(right(await resumable.append(session, { at, bytes: bytes.slice(at) })())).toBe(bytes.length)
    expect(Buffer.compare(await fileOf(session), bytes)).toBe(0)
  })

  test('agree that an upload was ended', async () => {
    const { resumable } = await plainServer()
    const session = right(await resumable.create(key('a'), { sizeBytes: 10 })())
    right(await resumable.end(session)())
    right(await resumable.end(session)())
    expect(left(await resumable.offset(session)())._tag).toBe('NotFound')
    expect(left(await resumable.append(session, { at: 0, bytes: payload(10) })())._tag).toBe('NotFound')
  })

  test('agree that an upload has expired', async () => {
    const { resumable, tus } = await plainServer({ expiresMs: 1 })
    const session = right(await resumable.create(key('a'), { sizeBytes: 10 })())
    await expect.poll(async () => left(await resumable.append(session, { at: 0, bytes: payload(10) })())._tag).toBe('NotFound')
    await tus.cleanUpExpiredUploads()
    expect(left(await resumable.offset(session)())._tag).toBe('NotFound')
  })
})
