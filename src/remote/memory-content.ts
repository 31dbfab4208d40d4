import { failure, type Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import type { Flag } from '../model/wire'

/** What a memory remote holds: several clients may share one. */
export interface RemoteMemory {
  readonly namespaces: Map<Namespace, RemoteNamespace>
  /** Uploads in parts that are under way. One that is removed has expired. */
  readonly sessions: Map<string, RemoteSession>
}

export interface RemoteSession {
  readonly key: BlobKey
  /** As long as the blob will be. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** How many of them have arrived. */
  arrivedBytes: number
}

export interface RemoteNamespace {
  /** In the order of their time. */
  readonly blobs: Map<BlobId, Uint8Array<ArrayBuffer>>
  readonly tombstones: Set<BlobId>
  /** Of the blobs whose flags were ever set. */
  readonly flags: Map<BlobId, readonly Flag[]>
}

export const remoteMemory = (): RemoteMemory => ({ namespaces: new Map(), sessions: new Map() })

/** A namespace, which is there from when it is first named. */
export const namespaceIn = (memory: RemoteMemory, name: Namespace): RemoteNamespace => {
  const known = memory.namespaces.get(name)
  if (known !== undefined) return known
  const added: RemoteNamespace = { blobs: new Map(), tombstones: new Set(), flags: new Map() }
  memory.namespaces.set(name, added)
  return added
}

export const existing = (key: BlobKey): Failure => failure('Exists', `The remote already holds ${keyText(key)}.`)

export const missing = (key: BlobKey): Failure => failure('NotFound', `The remote does not hold ${keyText(key)}.`)
