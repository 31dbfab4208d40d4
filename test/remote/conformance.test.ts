import { afterAll, beforeAll, describe, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote } from '../../src/remote/memory'
import { misbehavingServer, type MisbehavingServer } from '../../src/testing/misbehaving-server'
import { remoteConformance } from '../../src/testing/remote-conformance'

describe('memory remote', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote() }))) test(name, run)
})

describe('memory remote that lists ids alone', () => {
  for (const { name, run } of remoteConformance(async () => ({ remote: memoryRemote({ listsTags: false }) }))) test(name, run)
})

describe('http remote with a server that lists ids alone', () => {
  let server: MisbehavingServer
  beforeAll(async () => {
    server = await misbehavingServer()
  })
  afterAll(() => server.close())
  const open = async () => ({ remote: httpRemote({ url: server.url, user: 'ada', token: 'secret' }) })
  for (const { name, run } of remoteConformance(open)) test(name, run)
})
