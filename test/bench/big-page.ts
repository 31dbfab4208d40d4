import { createBlobSync } from 'blobsync'
import { streamingCipher } from 'blobsync/cipher/streaming'
import { httpRemote } from 'blobsync/remote/http'
import { opfsStore } from 'blobsync/store/opfs'

export interface PageJob {
  readonly url: string
  readonly namespace: string
}

const device = ({ url, namespace }: PageJob) =>
  createBlobSync({
    store: opfsStore(namespace),
    remote: httpRemote({ url, user: 'bench', token: 'bench' }),
    cipher: streamingCipher(new Uint8Array(64).fill(7)),
    namespaces: [namespace],
  })

/** Puts and uploads the file that was picked, or downloads; until all of it is durable. @returns milliseconds. */
const sync = async (job: PageJob): Promise<number> => {
  const file = document.querySelector('input')?.files?.[0]
  const startMs = performance.now()
  const blobs = device(job)
  if (file !== undefined) await blobs.put(file, { id: 'big', namespace: job.namespace })
  const { waiting, held, uploaded, downloaded } = await blobs.sync()
  if (waiting.length + held.length > 0 || uploaded.length + downloaded.length !== 1) throw new Error('It did not arrive.')
  const wallMs = performance.now() - startMs
  await blobs.close()
  return wallMs
}

/** How many bytes are here, read a piece at a time. */
const sizeOf = async (job: PageJob): Promise<number> => {
  const blobs = device(job)
  const content = await blobs.get('big', { namespace: job.namespace })
  let bytes = 0
  const reader = content.stream().getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) bytes += piece.value.length
  await blobs.close()
  return bytes
}

/** What the script gives the page. */
export interface BigPage {
  readonly sync: typeof sync
  readonly sizeOf: typeof sizeOf
}

document.body.append(Object.assign(document.createElement('input'), { type: 'file' }))
Object.assign(globalThis, { big: { sync, sizeOf } satisfies BigPage })
