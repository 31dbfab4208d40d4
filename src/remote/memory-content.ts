import { failure, type Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import type { Flag } from '../model/wire'
import { memoryFeed, NotedMap, NotedSet, type MemoryFeed } from './memory-feed'

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
  /**
   * What has changed: whatever is set in `blobs` or added to `tombstones`. What is taken from them by hand is lost, and the feed tells nothing of it.
   * @default begins when a remote first uses the namespace
   */
  readonly feed?: MemoryFeed
  /** In the order of their time. */
  readonly blobs: Map<BlobId, Uint8Array<ArrayBuffer>>
  readonly tombstones: Set<BlobId>
  /** Of the blobs whose flags were ever set. */
  readonly flags: Map<BlobId, readonly Flag[]>
}

export const remoteMemory = (): RemoteMemory => ({ namespaces: new Map(), sessions: new Map() })

export interface FedNamespace extends RemoteNamespace {
  readonly feed: MemoryFeed
}

/** A namespace, which is there from when it is first named. */
export const namespaceIn = (memory: RemoteMemory, name: Namespace): FedNamespace => {
  const known = memory.namespaces.get(name)
  if (known !== undefined && isFed(known)) return known
  const feed = memoryFeed()
  const added: FedNamespace = {
    feed,
    blobs: new NotedMap(feed),
    tombstones: new NotedSet(feed),
    flags: known?.flags ?? new Map(),
  }
  known?.tombstones.forEach((id) => added.tombstones.add(id))
  known?.blobs.forEach((bytes, id) => added.blobs.set(id, bytes))
  memory.namespaces.set(name, added)
  return added
}

const isFed = (namespace: RemoteNamespace): namespace is FedNamespace => namespace.feed !== undefined

export const existing = (key: BlobKey): Failure => failure('Exists', `The remote already holds ${keyText(key)}.`)

export const missing = (key: BlobKey): Failure => failure('NotFound', `The remote does not hold ${keyText(key)}.`)
