import { createHash } from 'node:crypto'
import { mkdirSync, openAsBlob } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { createBlobSync, fileStore, httpRemote, streamingCipher } from 'blobsync/node'
import { serve } from 'blobsync/server'
import type { Job, Result } from './big.ts'
import { pipelineDown, pipelineUp } from './big-pipeline.ts'
import { secret } from './device.ts'
import { peakRssMiB } from './usage.ts'

const ID = 'big'
const given = process.argv[2]
if (given === undefined) throw new TypeError('This runs as a child of the bench.')
// The parent wrote it.
const { role, subject, directory, url, source } = JSON.parse(given) as Job
const home = join(directory, role)
mkdirSync(home)

const device = () =>
  createBlobSync({
    store: fileStore(home),
    remote: httpRemote({ url, user: 'bench', token: 'bench' }),
    cipher: streamingCipher(secret),
  })

/** Puts and uploads, or downloads; until all of it is durable. */
const sync = async () => {
  const blobs = device()
  if (role === 'send') await blobs.put(await openAsBlob(source), { id: ID })
  const { waiting, held, uploaded, downloaded } = await blobs.sync()
  if (waiting.length + held.length > 0 || uploaded.length + downloaded.length !== 1) throw new Error('It did not arrive.')
  await blobs.close()
}

const work = {
  blobsync: sync,
  pipeline: () => {
    const job = { url, id: ID, file: join(home, ID), source, secret }
    return role === 'send' ? pipelineUp(job) : pipelineDown(job)
  },
}

/** The content as an app would read it, a piece at a time. */
const hashOf = async (): Promise<string> => {
  const hash = createHash('sha256')
  const blobs = subject === 'blobsync' ? device() : null
  const content = blobs === null ? await openAsBlob(join(home, ID)) : await blobs.get(ID)
  for await (const piece of content.stream()) hash.update(piece)
  await blobs?.close()
  return hash.digest('hex')
}

const finish = (result: Result) => {
  process.send?.(result)
  process.disconnect()
}

if (role === 'serve') {
  const server = await serve({ root: home, port: 0, accounts: [{ user: 'bench', token: 'bench' }] })
  process.send?.(server.url)
  await once(process, 'message')
  await server.close()
  finish({ wallMs: 0, peakRssMiB: peakRssMiB('self'), sha256: '' })
} else {
  const startMs = performance.now()
  await work[subject]()
  const wallMs = performance.now() - startMs
  const peak = peakRssMiB('self')
  finish({ wallMs, peakRssMiB: peak, sha256: await hashOf() })
}
