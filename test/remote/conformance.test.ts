import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { joined } from '../../src/model/bytes'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote } from '../../src/remote/memory'
import { remoteFromPromises, type PromiseRemote } from '../../src/remote/promises'
import { serve, type Serving } from '../../src/server'
import { misbehavingServer, type MisbehavingServer } from '../../src/testing/misbehaving-server'
import { remoteConformance } from '../../src/testing/remote-conformance'
import { mapRemote } from './map-remote'

describe('memory remote', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote() }))) test(name, run)
})

describe('memory remote that lists ids alone', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote({ listsTags: false }) }))) test(name, run)
})

describe('memory remote without powers', () => {
  const open = async () => ({
    remote: memoryRemote({ powers: { batches: false, changes: false, flags: false, resumableUploads: false } }),
  })
  for (const { name, run } of remoteConformance(open)) test(name, run)
})

describe('http remote with a small server that lists ids alone', () => {
  let server: MisbehavingServer
  beforeAll(async () => {
    server = await misbehavingServer()
  })
  afterAll(() => server.close())
  const open = async () => ({ remote: httpRemote({ url: server.url, user: 'ada', token: 'secret' }) })
  for (const { name, run } of remoteConformance(open)) test(name, run)
})

describe('http remote with the reference server', () => {
  let root: string
  let server: Serving
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'blobsync-remote-'))
    server = await serve({ root, port: 0, accounts: [{ user: 'ada', token: 'secret' }] })
  })
  afterAll(async () => {
    await server.close()
    await rm(root, { recursive: true })
  })
  const open = async () => ({ remote: httpRemote({ url: server.url, user: 'ada', token: 'secret' }) })
  for (const { name, run } of remoteConformance(open)) test(name, run)
})

describe('remote made of an object that speaks Promises', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: remoteFromPromises(mapRemote()) }))) test(name, run)
})

/** One that keeps the parts of an upload as it is lent them. */
const keeping = (): PromiseRemote => {
  const remote = mapRemote()
  const parts: Uint8Array[] = []
  let put = async (_body: Uint8Array<ArrayBuffer>) => {}
  return {
    ...remote,
    resumable: {
      create: async (of, { sizeBytes }) => {
        put = async (body) => (body.length === sizeBytes ? remote.put(of, { body, sizeBytes }) : undefined)
        return 'session'
      },
      offset: async () => joined(parts).length,
      append: async (_session, { bytes }) => {
        parts.push(bytes)
        await put(joined(parts))
        return joined(parts).length
      },
      end: async () => {},
    },
  }
}

test('a remote that keeps what it was lent is found out', async () => {
  const cases = remoteConformance(async () => ({ remote: remoteFromPromises(keeping()) }))
  const upload = cases.find(({ name }) => name.startsWith('uploads in parts: what was sent comes back'))
  await expect(upload?.run()).rejects.toThrow('the download')
})
