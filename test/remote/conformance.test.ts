import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote } from '../../src/remote/memory'
import { remoteFromPromises } from '../../src/remote/promises'
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
