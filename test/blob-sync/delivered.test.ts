import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { serve } from '../../src/server'
import { device, text } from './device'

/** A server with a user and a service that delivers, and what it logs. */
const serving = async () => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-delivered-'))
  const lines: string[] = []
  const server = await serve({
    root,
    port: 0,
    incomingPort: 0,
    accounts: [{ user: 'ann', token: 'secret' }],
    services: [{ name: 'mail', token: 'lmtp' }],
    log: (line) => lines.push(line),
  })
  onTestFinished(async () => {
    await server.close()
    await rm(root, { recursive: true })
  })
  const deliver = (id: string, body: string) =>
    fetch(`${server.incoming?.url ?? ''}/incoming/ann/${id}`, {
      method: 'PUT',
      headers: { authorization: `Token ${btoa('mail:lmtp')}` },
      body,
    })
  const remote = () => httpRemote({ url: server.url, user: 'ann', token: 'secret' })
  return { deliver, remote, lines }
}

test('what a service delivers reaches the app once, in order, and is gone from the server', async () => {
  const { deliver, remote } = await serving()
  for (const id of ['m1', 'm2', 'm3']) expect((await deliver(id, `mail ${id}`)).status).toBe(200)
  const saved: string[] = []
  const blobs = device({ remote: remote() })
  await blobs
    .incoming({
      process: async ({ content }) => content.text(),
      save: async (mail, { id, isExternal }) => void saved.push(`${id} ${mail} ${isExternal}`),
    })
    .check()
  expect(saved).toEqual(['m1 mail m1 true', 'm2 mail m2 true', 'm3 mail m3 true'])
  await blobs.sync()
  expect(await device({ remote: remote(), namespaces: ['MX'] }).sync()).toMatchObject({ downloaded: [], failure: null })
})

test('a delivery that is synced like a blob is external, and never taken for one of ours', async () => {
  const { deliver, remote } = await serving()
  await deliver('m1', 'not ours')
  const blobs = device({ remote: remote(), namespaces: ['MX'] })
  await blobs.sync()
  await expect(blobs.get('m1', { namespace: 'MX' })).rejects.toMatchObject({ failure: { _tag: 'Forbidden' } })
  expect(await (await blobs.get('m1', { namespace: 'MX', external: true })).text()).toBe('not ours')
})

test('many small blobs go to the server and come back in few requests, each as it was', async () => {
  const { remote, lines } = await serving()
  const a = device({ remote: remote() })
  for (let n = 0; n < 200; n += 1) await a.put(text(`content ${n}`), { id: `b${n}` })
  await a.sync()
  const b = device({ remote: remote() })
  const { downloaded } = await b.sync()
  expect(downloaded).toHaveLength(200)
  for (let n = 0; n < 200; n += 1) expect(await (await b.get(`b${n}`)).text()).toBe(`content ${n}`)
  expect(lines.filter((line) => line.startsWith('POST /stream')).length).toBeGreaterThan(0)
  expect(lines.filter((line) => line.startsWith('GET /blobs/ann/b')).length).toBeLessThan(20)
})
