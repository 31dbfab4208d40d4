import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createBlobSync, fileStore, httpRemote, soledadCipher } from 'blobsync/node'
import { loopDown, loopUp } from './loop.ts'
import type { Job, Result } from './round-trip.ts'

const given = process.argv[2]
if (given === undefined) throw new TypeError('This runs as a child of the bench.')
// The parent wrote it.
const job = JSON.parse(given) as Job
const secret = new Uint8Array(512).map((_, at) => at % 251)

/** Bytes that no cipher or file system can make smaller, the same in every run. */
const payloads = Array.from({ length: job.blobs }, (_, index) => {
  const block = createHash('sha512').update(`${index}`).digest()
  const bytes = new Uint8Array(job.blobBytes)
  for (let at = 0; at < bytes.length; at += block.length)
    bytes.set(block.subarray(0, Math.min(block.length, bytes.length - at)), at)
  return { id: `blob-${index}`, bytes }
})

const device = (name: string) =>
  createBlobSync({
    store: fileStore(join(job.directory, name)),
    remote: httpRemote({ url: job.url, user: 'bench', token: 'bench' }),
    cipher: soledadCipher(secret),
    namespaces: [job.namespace],
    transfers: 6,
  })

const ours = {
  up: async () => {
    const blobs = device('a')
    await Promise.all(payloads.map(({ id, bytes }) => blobs.put(bytes, { id, namespace: job.namespace })))
    const { waiting, held } = await blobs.sync()
    await blobs.close()
    if (waiting.length + held.length > 0) throw new Error('Not everything was uploaded.')
  },
  down: async () => {
    const blobs = device('b')
    const { downloaded } = await blobs.sync()
    await blobs.close()
    if (downloaded.length !== job.blobs) throw new Error(`Only ${downloaded.length} blobs arrived.`)
  },
}
const loop = {
  up: () => loopUp({ ...job, secret, payloads, directory: join(job.directory, 'a') }),
  down: () => loopDown({ ...job, secret, payloads, directory: join(job.directory, 'b') }),
}

const timed = async (run: () => Promise<void>) => {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

for (const name of ['a', 'b']) mkdirSync(join(job.directory, name), { recursive: true })
const subject = job.subject === 'blobsync' ? ours : loop
const upMs = await timed(subject.up)
const downMs = await timed(subject.down)
process.send?.({ upMs, downMs, peakRssMiB: process.resourceUsage().maxRSS / 1024 } satisfies Result)
process.disconnect()
