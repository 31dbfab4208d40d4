import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { systemClock, type Clock } from '../clock'
import { failure } from '../model/failure'
import type { BlobId, Namespace } from '../model/ids'
import type { Entry } from '../model/wire'
import { abortable } from './abortable'
import { encodeTag } from './encode-tag'
import { memoryBatches } from './memory-batches'
import { feedOf, memoryChanges } from './memory-changes'
import { existing, missing, namespaceIn, remoteMemory, type RemoteMemory } from './memory-content'
import { memoryFlags } from './memory-flags'
import { memoryUploads } from './memory-uploads'
import { readWhole } from './read-whole'
import type { Remote, Supports } from './remote'
import { unlessAborted } from './unless-aborted'

export { remoteMemory, type RemoteMemory, type RemoteNamespace, type RemoteSession } from './memory-content'

export interface MemoryRemoteOptions {
  /** What it holds. @default a new one */
  readonly memory?: RemoteMemory
  /** False lists ids alone, as Soledad does. @default true */
  readonly listsTags?: boolean
  /** False switches a power off. @default all that it has */
  readonly powers?: Partial<Supports>
  /** For who waits for changes. @default the real time */
  readonly clock?: Clock
}

const PART_BYTES = 65_536
const ALL: Supports = { changes: true, batches: true, flags: true, ranges: true, resumableUploads: true }

/** A remote in this process, for tests, demonstrations and offline development. */
export const memoryRemote = ({
  memory = remoteMemory(),
  listsTags = true,
  powers,
  clock = systemClock,
}: MemoryRemoteOptions = {}): Remote => {
  const namespaceOf = (name: Namespace) => namespaceIn(memory, name)
  const supports = { ...ALL, ...powers }
  const { changes, batches, flags, ranges, resumableUploads } = supports
  const entryOf = (id: BlobId, bytes: Uint8Array): Entry => ({ id, sizeBytes: bytes.length, tag: encodeTag(bytes) })
  const listed = (id: BlobId, bytes: Uint8Array): Entry => (listsTags ? entryOf(id, bytes) : { id, sizeBytes: null, tag: null })

  return {
    supports: () => TE.right(supports),
    ...(changes ? { changes: memoryChanges(memory, clock, listed) } : {}),
    ...(batches ? { batches: memoryBatches(memory) } : {}),
    ...(flags ? { flags: memoryFlags(memory) } : {}),
    ...(resumableUploads ? { resumable: memoryUploads(memory) } : {}),

    count: (namespace, { signal } = {}) => unlessAborted(signal, () => E.right(namespaceOf(namespace).blobs.size)),

    list: ({ namespace, signal }) =>
      unlessAborted(signal, () => {
        const place = namespaceOf(namespace)
        const entries = Array.from(place.blobs, ([id, bytes]) => listed(id, bytes))
        const feed = changes ? feedOf(place) : null
        return E.right({ entries, tombstones: [...place.tombstones], corrupt: [], next: null, feed })
      }),

    put:
      (key, { body, sizeBytes, onProgress, signal }) =>
      async () => {
        const { blobs } = namespaceOf(key.namespace)
        if (blobs.has(key.id)) {
          if (body instanceof ReadableStream) await body.cancel()
          return E.left(existing(key))
        }
        const source = body instanceof Uint8Array ? partsOf(body) : body
        const read = await readWhole(abortable(source, signal, onProgress), 'Corrupt')
        if (E.isLeft(read)) return read
        if (read.right.length !== sizeBytes) {
          return E.left(failure('Corrupt', `The upload has ${read.right.length} bytes, and ${sizeBytes} were announced.`))
        }
        if (blobs.has(key.id)) return E.left(existing(key))
        blobs.set(key.id, read.right)
        return E.right(undefined)
      },

    get: (key, { signal, from } = {}) =>
      unlessAborted(signal, () => {
        const bytes = namespaceOf(key.namespace).blobs.get(key.id)
        if (bytes === undefined) return E.left(missing(key))
        const [sizeBytes, tag] = [bytes.length, encodeTag(bytes)]
        const isSame = from?.sizeBytes === sizeBytes && (from.tag ?? tag) === tag
        const fromByte = ranges && isSame ? from.byte : 0
        return E.right({ fromByte, sizeBytes, tag, body: abortable(partsOf(bytes.subarray(fromByte)), signal) })
      }),

    stat: (key, { signal } = {}) =>
      unlessAborted(signal, () => {
        const bytes = namespaceOf(key.namespace).blobs.get(key.id)
        return E.right(bytes === undefined ? O.none : O.some(entryOf(key.id, bytes)))
      }),

    delete: (key, { signal } = {}) =>
      unlessAborted(signal, () => {
        const { blobs, tombstones, flags: marks } = namespaceOf(key.namespace)
        if (!blobs.delete(key.id)) return E.left(missing(key))
        marks.delete(key.id)
        tombstones.add(key.id)
        return E.right(undefined)
      }),

    refreshAccess: () => () => Promise.resolve(E.right(undefined)),
  }
}

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
