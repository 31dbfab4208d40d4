import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import type { Entry } from '../model/wire'
import { abortable } from './abortable'
import { encodeTag } from './encode-tag'
import { readWhole } from './read-whole'
import { noPowers, type Remote } from './remote'

/** What a memory remote holds: several clients may share one. */
export interface RemoteMemory {
  readonly namespaces: Map<Namespace, RemoteNamespace>
}

export interface RemoteNamespace {
  readonly blobs: Map<BlobId, Uint8Array<ArrayBuffer>>
  readonly tombstones: Set<BlobId>
}

export const remoteMemory = (): RemoteMemory => ({ namespaces: new Map() })

export interface MemoryRemoteOptions {
  /** What it holds. @default a new one */
  readonly memory?: RemoteMemory
  /** False lists ids alone, as Soledad does. @default true */
  readonly listsTags?: boolean
}

const PART_BYTES = 65_536

/** A remote in this process, for tests, demonstrations and offline development. */
export const memoryRemote = ({ memory = remoteMemory(), listsTags = true }: MemoryRemoteOptions = {}): Remote => {
  const namespaceOf = (name: Namespace): RemoteNamespace => {
    const known = memory.namespaces.get(name)
    if (known !== undefined) return known
    const added: RemoteNamespace = { blobs: new Map(), tombstones: new Set() }
    memory.namespaces.set(name, added)
    return added
  }
  const entryOf = (id: BlobId, bytes: Uint8Array): Entry => ({ id, sizeBytes: bytes.length, tag: encodeTag(bytes) })

  return {
    supports: TE.right(noPowers),

    count: (namespace, { signal } = {}) => unlessAborted(signal, () => E.right(namespaceOf(namespace).blobs.size)),

    list: ({ namespace, signal }) =>
      unlessAborted(signal, () => {
        const { blobs, tombstones } = namespaceOf(namespace)
        const entries = Array.from(blobs, ([id, bytes]) => (listsTags ? entryOf(id, bytes) : { id, sizeBytes: null, tag: null }))
        return E.right({ entries, tombstones: [...tombstones], corrupt: [], next: null })
      }),

    put:
      (key, { body, sizeBytes, onProgress, signal }) =>
      async () => {
        const { blobs } = namespaceOf(key.namespace)
        if (blobs.has(key.id)) {
          if (body instanceof ReadableStream) await body.cancel()
          return E.left(exists(key))
        }
        const source = body instanceof Uint8Array ? new Blob([body]).stream() : body
        const read = await readWhole(abortable(source, signal, onProgress), 'Corrupt')
        if (E.isLeft(read)) return read
        if (read.right.length !== sizeBytes) {
          return E.left(failure('Corrupt', `The upload has ${read.right.length} bytes, and ${sizeBytes} were announced.`))
        }
        if (blobs.has(key.id)) return E.left(exists(key))
        blobs.set(key.id, read.right)
        return E.right(undefined)
      },

    get: (key, { signal } = {}) =>
      unlessAborted(signal, () => {
        const bytes = namespaceOf(key.namespace).blobs.get(key.id)
        if (bytes === undefined) return E.left(missing(key))
        return E.right({ sizeBytes: bytes.length, tag: encodeTag(bytes), body: abortable(partsOf(bytes), signal) })
      }),

    stat: (key, { signal } = {}) =>
      unlessAborted(signal, () => {
        const bytes = namespaceOf(key.namespace).blobs.get(key.id)
        return E.right(bytes === undefined ? O.none : O.some(entryOf(key.id, bytes)))
      }),

    delete: (key, { signal } = {}) =>
      unlessAborted(signal, () => {
        const { blobs, tombstones } = namespaceOf(key.namespace)
        if (!blobs.delete(key.id)) return E.left(missing(key))
        tombstones.add(key.id)
        return E.right(undefined)
      }),

    refreshAccess: () => () => Promise.resolve(E.right(undefined)),
  }
}

const aborted = failure('Aborted', 'The call was aborted.')

const exists = (key: BlobKey) => failure('Exists', `The remote already holds ${keyText(key)}.`)

const missing = (key: BlobKey) => failure('NotFound', `The remote does not hold ${keyText(key)}.`)

const unlessAborted =
  <A>(signal: AbortSignal | undefined, call: () => E.Either<Failure, A>) =>
  async (): Promise<E.Either<Failure, A>> =>
    signal?.aborted === true ? E.left(aborted) : call()

const partsOf = (bytes: Uint8Array): ReadableStream<Uint8Array> => {
  let place = 0
  return new ReadableStream(
    {
      pull: (controller) => {
        if (place >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(place, (place += PART_BYTES)))
      },
    },
    { highWaterMark: 0 },
  )
}
