import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  alwaysOnline,
  createBlobSync,
  fileStore,
  httpRemote,
  soledadCipher,
  type BlobSync,
  type Connectivity,
} from 'blobsync/node'

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
  /** @default always online */
  readonly connectivity?: Connectivity
  /** One request for each blob, whatever the server offers. */
  readonly isAlone?: boolean
}

/** A device of ours as an app would make it. */
export const deviceOf = (
  work: Work,
  name: string,
  { connectivity = alwaysOnline(), isAlone = false }: DeviceOptions = {},
): BlobSync => {
  const { batches, ...remote } = httpRemote({ url: work.url, user: 'bench', token: 'bench' })
  return createBlobSync({
    store: fileStore(join(work.directory, name)),
    remote: isAlone || batches === undefined ? remote : { ...remote, batches },
    cipher: soledadCipher(secret),
    namespaces: [work.namespace],
    transfers: 6,
    connectivity,
  })
}

/** A line that is down until a bench opens it. */
export const line = () => {
  let isOpen = false
  const listeners = new Set<(isOnline: boolean) => void>()
  const connectivity: Connectivity = {
    isOnline: () => isOpen,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const open = () => {
    isOpen = true
    for (const listener of listeners) listener(true)
  }
  return { connectivity, open }
}
