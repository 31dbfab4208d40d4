import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createBlobSync, fileStore, httpRemote, soledadCipher, type BlobSync } from 'blobsync/node'

/** One subject's work, as its process is told. */
export interface Work {
  readonly url: string
  readonly namespace: string
  readonly directory: string
  readonly blobs: number
  readonly blobBytes: number
}

export const secret = new Uint8Array(512).map((_, at) => at % 251)

/** Bytes that no cipher or file system can make smaller, the same in every run. */
export const payloadsOf = ({ blobs, blobBytes }: Work) =>
  Array.from({ length: blobs }, (_, index) => {
    const block = createHash('sha512').update(`${index}`).digest()
    const bytes = new Uint8Array(blobBytes)
    for (let at = 0; at < bytes.length; at += block.length)
      bytes.set(block.subarray(0, Math.min(block.length, bytes.length - at)), at)
    return { id: `blob-${index}`, bytes }
  })

export interface DeviceOptions {
  readonly isPaused?: boolean
  /** One request for each blob, whatever the server offers. */
  readonly isAlone?: boolean
}

/** A device of ours as an app would make it. */
export const deviceOf = (work: Work, name: string, { isPaused = false, isAlone = false }: DeviceOptions = {}): BlobSync => {
  const { batches, ...remote } = httpRemote({ url: work.url, user: 'bench', token: 'bench' })
  return createBlobSync({
    store: fileStore(join(work.directory, name)),
    remote: isAlone || batches === undefined ? remote : { ...remote, batches },
    cipher: soledadCipher(secret),
    namespaces: [work.namespace],
    transfers: 6,
    paused: isPaused,
  })
}
