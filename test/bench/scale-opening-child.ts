import { setTimeout as delay } from 'node:timers/promises'
import { createBlobSync } from 'blobsync'
import { soledadCipher } from 'blobsync/cipher/soledad'
import { memoryRemote } from 'blobsync/remote/memory'
import { fileStore } from 'blobsync/store/file'
import { recordWith, type BlobRecord } from './records.ts'
import type { Job, Kind, Opened } from './scale-opening.ts'

const PAGE = 5000

const fill = async ({ kind, blobs, directory }: Job): Promise<void> => {
  const store = fileStore(directory)
  for (let from = 0; from < blobs || from === 0; from += PAGE) {
    const records = Array.from({ length: Math.min(PAGE, blobs - from) }, (_, at) => recordOf(kind, from + at))
    const written = await store.remember(records)()
    if (written._tag === 'Left') throw new Error(written.left.message)
  }
  await store.close()()
}

/** As real ones are: an id of 43 characters, as those derived from a content have, and a seal and a tag for what was put here. */
const recordOf = (kind: Kind, index: number): BlobRecord => {
  const isHere = kind === 'atRest'
  return recordWith({
    id: `${index.toString(36).padStart(8, '0')}${'Q'.repeat(35)}`,
    status: isHere ? 'SYNCED' : 'PENDING_DOWNLOAD',
    sizeBytes: isHere ? 10_000 + (index % 1000) : null,
    listedBytes: 10_100 + (index % 1000),
    isHere,
    seal: isHere ? `s${index.toString(16).padStart(40, '0')}` : null,
    tag: `${index.toString(36).padStart(22, 'A')}==`,
    uploadWasTried: isHere,
    changedAtMs: 1_700_000_000_000 + index,
  })
}

const heapBytes = async (): Promise<number> => {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await delay(20)
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Paused, so that nothing of what pends is counted in. */
const open = async ({ kind, blobs, directory }: Job): Promise<Opened> => {
  const startMs = performance.now()
  const sync = createBlobSync({
    store: fileStore(directory),
    remote: memoryRemote(),
    cipher: soledadCipher(new Uint8Array(96).fill(1)),
    paused: true,
  })
  await sync.ready
  const readyMs = performance.now() - startMs
  const { counts } = sync.getSnapshot()
  const found = kind === 'pending' ? counts.PENDING_DOWNLOAD : counts.SYNCED
  if (found !== blobs) throw new Error(`${found} of ${blobs} blobs were found`)
  const opened = { readyMs, heapBytes: await heapBytes() }
  await sync.close()
  return opened
}

const answer = async (job: Job): Promise<Opened> => {
  if (job.role === 'open') return open(job)
  await fill(job)
  return { readyMs: 0, heapBytes: 0 }
}

process.once('message', (job: Job) => {
  void answer(job).then((opened) => process.send?.(opened, () => process.disconnect()))
})
