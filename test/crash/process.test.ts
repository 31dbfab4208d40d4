import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { serve } from '../../src/server/serve'
import { misbehavingServer } from '../../src/testing/misbehaving-server'
import { bundle } from '../bundle'
import { startChild } from '../store/child'
import { contentOf } from './content'
import { open } from './open'

const root = await mkdtemp(join(tmpdir(), 'blobsync-process-'))
const server = await serve({ root: join(root, 'server'), port: 0, accounts: [{ user: 'ann', token: 'secret' }] })
const silent = await misbehavingServer({ misbehave: () => ({ do: 'silence' }) })
const childOf = (name: string) => bundle(join(import.meta.dirname, `${name}.ts`), root)
afterAll(async () => {
  await silent.close()
  await server.close()
  await rm(root, { recursive: true, force: true })
})

test('the second process on one home is told who holds it; once that is gone, the home opens', { timeout: 30_000 }, async () => {
  const home = join(root, 'held')
  const first = startChild(await childOf('holding-child'), home, server.url)
  for await (const line of first.lines) {
    expect(line).toBe('open')
    break
  }
  const second = open(home, server.url, 'ann')
  const told = {
    name: 'BlobSyncError',
    failure: { _tag: 'StorageBroken', message: expect.stringContaining(`process ${first.process.pid}`) },
  }
  await expect(second.ready).rejects.toMatchObject(told)
  await expect(second.put(contentOf('x'))).rejects.toMatchObject(told)
  await expect(second.sync()).rejects.toMatchObject(told)
  await expect(second.get('x')).rejects.toMatchObject(told)
  await expect(second.idle()).rejects.toMatchObject(told)
  await second.close()
  await first.kill()
  const third = open(home, server.url, 'ann')
  await third.ready
  await third.close()
})

test('close leaves nothing running: the process ends by itself', { timeout: 30_000 }, async () => {
  const child = startChild(await childOf('closing-child'), join(root, 'closed'), server.url, silent.url)
  const ended = once(child.process, 'close')
  const lines: string[] = []
  let saidAtMs = 0
  for await (const line of child.lines) {
    lines.push(line)
    saidAtMs = performance.now()
  }
  expect(lines).toEqual(['told told told'])
  expect(await ended).toEqual([0, null])
  // Any timer of ours that were left would be longer than this.
  expect(performance.now() - saidAtMs).toBeLessThan(3_000)
})
