import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { CarriedFailure } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import type { BlobKey, Namespace } from '../model/ids'
import { Tag } from '../model/wire'
import { abortable } from './abortable'
import { checkCount } from './check-count'
import { checkEntries } from './check-entries'
import { lift, thrownFailure } from './lift-promise'
import {
  batchesFromPromises,
  changesFromPromises,
  flagsFromPromises,
  resumableFromPromises,
  type PromiseBatches,
  type PromiseChanges,
  type PromiseFlags,
  type PromiseResumable,
} from './promise-powers'
import {
  noPowers,
  type CallOptions,
  type Download,
  type DownloadOptions,
  type ListRequest,
  type Remote,
  type Supports,
  type Upload,
} from './remote'

export type { PromiseBatches, PromiseChanges, PromiseFlags, PromiseReceived, PromiseResumable } from './promise-powers'

/**
 * A remote for authors who write Promises: the methods of `Remote`, with the same promises.
 *
 * Absence is `undefined` or `null`, for `delete` it is `false`. To say which failure it is, throw a `BlobSyncError` or any value with
 * a `failure` in it, `{ failure: { _tag: 'Exists', message: '…' } }`; anything else that is thrown counts as `Unreachable`.
 */
export interface PromiseRemote {
  /** The powers that have no object of their own; the others are there if their objects are. @default none of them */
  readonly supports?: Partial<Pick<Supports, 'ranges'>>
  readonly changes?: PromiseChanges
  readonly flags?: PromiseFlags
  readonly batches?: PromiseBatches
  readonly resumable?: PromiseResumable
  readonly list: (request: ListRequest) => Promise<PromisePage>
  /** How many live blobs there are. @default the list is counted */
  readonly count?: (namespace: Namespace, options: CallOptions) => Promise<number>
  readonly put: (key: BlobKey, upload: Upload) => Promise<void>
  readonly get: (key: BlobKey, options: DownloadOptions) => Promise<PromiseDownload | null | undefined>
  readonly stat: (key: BlobKey, options: CallOptions) => Promise<PromiseStat | null | undefined>
  /** False if there was no live blob. */
  readonly delete: (key: BlobKey, options: CallOptions) => Promise<boolean>
  /** @default there is no token, so it is good */
  readonly refreshAccess?: () => Promise<void>
}

export interface PromisePage {
  /** Ids, or objects with `id` and, where known, `size` and `tag`; given as they came: they are checked one by one. */
  readonly entries: readonly unknown[]
  readonly tombstones: readonly unknown[]
  /** Where the next page begins. @default this is the last */
  readonly next?: string | null
  /** With `changes`, on the first page: where the feed was before the list was read. */
  readonly feed?: string | null
}

export interface PromiseStat {
  readonly sizeBytes: number | null
  readonly tag: string | null
}

export interface PromiseDownload extends PromiseStat {
  /** Where in the blob the body begins: at `from`, with the power `ranges`. @default 0 */
  readonly fromByte?: number
  readonly body: ReadableStream<Uint8Array> | Blob | Uint8Array<ArrayBuffer>
}

/** Makes a `Remote` of an object that speaks Promises. A call ends when its signal fires, whether the object heeds it or not. */
export const remoteFromPromises = (object: PromiseRemote): Remote => ({
  supports: () =>
    TE.right({
      ...noPowers,
      ...object.supports,
      changes: object.changes !== undefined,
      flags: object.flags !== undefined,
      batches: object.batches !== undefined,
      resumableUploads: object.resumable !== undefined,
    }),
  ...(object.changes === undefined ? {} : { changes: changesFromPromises(object.changes) }),
  ...(object.flags === undefined ? {} : { flags: flagsFromPromises(object.flags) }),
  ...(object.batches === undefined ? {} : { batches: batchesFromPromises(object.batches) }),
  ...(object.resumable === undefined ? {} : { resumable: resumableFromPromises(object.resumable) }),

  list: (request) =>
    pipe(
      lift(request, () => object.list(request)),
      TE.map((page) => {
        const live = checkEntries(page.entries)
        const deleted = checkEntries(page.tombstones)
        return {
          entries: live.entries,
          tombstones: deleted.entries.map((entry) => entry.id),
          corrupt: [...live.corrupt, ...deleted.corrupt],
          next: page.next ?? null,
          feed: page.feed ?? null,
        }
      }),
    ),

  count: (namespace, options = {}) =>
    pipe(
      lift(options, () => object.count?.(namespace, options) ?? countByList(object, namespace, options)),
      TE.flatMapEither(checkCount),
    ),

  put: (key, upload) => lift(upload, () => object.put(key, upload)),

  get: (key, options = {}) =>
    pipe(
      lift(options, () => object.get(key, options)),
      TE.flatMapEither(E.fromNullable(missing)),
      TE.map(({ fromByte = 0, sizeBytes, tag, body }): Download => ({
        fromByte,
        sizeBytes,
        tag,
        body: told(abortable(streamOf(body), options.signal)),
      })),
    ),

  stat: (key, options = {}) =>
    pipe(
      lift(options, () => object.stat(key, options)),
      TE.map((stat) => O.fromNullable(stat)),
      TE.map(O.map(({ sizeBytes, tag }) => ({ id: key.id, sizeBytes, tag: Tag.is(tag) ? tag : null }))),
    ),

  delete: (key, options = {}) =>
    pipe(
      lift(options, () => object.delete(key, options)),
      TE.flatMapEither((wasThere) => (wasThere ? E.right(undefined) : E.left(missing))),
    ),

  refreshAccess: () => lift({}, async () => object.refreshAccess?.()),
})

const countByList = async (object: PromiseRemote, namespace: Namespace, options: CallOptions): Promise<number> => {
  let count = 0
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: PromisePage = await object.list({ ...options, namespace, ...(cursor === undefined ? {} : { cursor }) })
    count += checkEntries(page.entries).entries.length
    cursor = page.next ?? null
  }
  return count
}

const missing: Failure = failure('NotFound', 'The remote does not hold the blob.')

const streamOf = (body: PromiseDownload['body']): ReadableStream<Uint8Array> =>
  body instanceof ReadableStream ? body : new Blob([body]).stream()

/** The same bytes; what they error with becomes a `CarriedFailure`. */
const told = (source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const part = await reader.read()
          if (part.done) controller.close()
          else controller.enqueue(part.value)
        } catch (thrown) {
          controller.error(new CarriedFailure(thrownFailure(thrown)))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
