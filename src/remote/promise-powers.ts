import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import { decode, FlagList, type Flag } from '../model/wire'
import { checkBatch } from './check-batch'
import { checkEntries } from './check-entries'
import { lift } from './lift-promise'
import type {
  BatchPower,
  ChangesPower,
  ChangesRequest,
  PartDigest,
  CallOptions,
  FlagListRequest,
  FlagPower,
  Received,
  ResumablePower,
  SessionOptions,
  SmallBlob,
  UploadPart,
} from './remote'

/** The power `flags` in Promises. Ids and flags are given as they came: they are checked one by one. */
export interface PromiseFlags {
  /** The ids of the live blobs that bear the flag, in the order asked for. */
  readonly list: (request: FlagListRequest) => Promise<readonly unknown[]>
  /** Null or undefined if there is no live blob. */
  readonly get: (key: BlobKey, options: CallOptions) => Promise<readonly unknown[] | null | undefined>
  /** Replaces all flags of the blob. False if there is no live blob. */
  readonly set: (key: BlobKey, flags: readonly Flag[], options: CallOptions) => Promise<boolean>
}

/** The power `batches` in Promises. */
export interface PromiseBatches {
  /**
   * Stores the blobs that do not exist there. Resolves with an item for each in their order, null or undefined where it is there now, a `failure` where
   * it is not, such as `Exists`; or with nothing: all are there. A remote that stores all or none throws `Exists` if one is there. No id is named twice.
   */
  readonly put: (
    namespace: Namespace,
    blobs: readonly SmallBlob[],
    options: CallOptions,
  ) => Promise<readonly PromiseStored[] | void>
  /** One item for each id, in the order asked. */
  readonly get: (
    namespace: Namespace,
    ids: readonly BlobId[],
    options: CallOptions & { readonly bytesMax: number },
  ) => Promise<readonly PromiseReceived[]>
}

/** The power `resumableUploads` in Promises. */
export interface PromiseResumable {
  /** Throws `Exists`, `QuotaExceeded`, `TooLarge`. */
  readonly create: (key: BlobKey, options: SessionOptions) => Promise<string>
  /** Null or undefined if the session has expired or was ended; one that has made its blob may be gone, too. */
  readonly offset: (session: string, options: CallOptions) => Promise<number | null | undefined>
  /** How many bytes have arrived now; null or undefined as for `offset`. Where `at` is not where the session is, nothing is taken. */
  readonly append: (session: string, part: UploadPart) => Promise<number | null | undefined>
  readonly end: (session: string, options: CallOptions) => Promise<void>
}

/** Null or undefined if it is there now. */
export type PromiseStored = { readonly failure: Failure } | null | undefined

/** Null or undefined if there is no such blob; a `failure` where it did not come whole. */
export type PromiseReceived = Received | { readonly failure: Failure } | null | undefined

/** The power `changes` in Promises. What it gives is checked as if it had come from a server. */
export interface PromiseChanges {
  /** A page for each cursor, in the order asked; null or undefined where the cursor is unknown or too old. */
  readonly read: (request: ChangesRequest) => Promise<readonly (PromiseChangesPage | null | undefined)[]>
  /** The live blobs of a range of ids, as `rangeOf` and `digestOf` of docs/protocol.md have it. */
  readonly digest: (namespace: Namespace, range: string, options: CallOptions) => Promise<PromiseDigest>
}

export interface PromiseChangesPage {
  /** Ids, or objects with `id` and, where known, `size` and `tag`. */
  readonly entries: readonly unknown[]
  readonly tombstones: readonly unknown[]
  readonly cursor: string
  readonly hasMore: boolean
}

export interface PromiseDigest extends PartDigest {
  readonly cursor: string
  readonly parts?: readonly PartDigest[]
  readonly entries?: readonly unknown[]
}

export const changesFromPromises = (object: PromiseChanges): ChangesPower => ({
  read: (request) =>
    pipe(
      lift(request, () => object.read(request)),
      TE.filterOrElse(
        (pages) => pages.length === request.since.length,
        (): Failure => failure('Corrupt', 'The remote’s feed has another number of pages than it was asked for.'),
      ),
      TE.map((pages) =>
        pages.map((page) => {
          if (page === null || page === undefined) return null
          const live = checkEntries(page.entries)
          const deleted = checkEntries(page.tombstones)
          return {
            entries: live.entries,
            tombstones: deleted.entries.map(({ id }) => id),
            corrupt: [...live.corrupt, ...deleted.corrupt],
            cursor: page.cursor,
            hasMore: page.hasMore,
          }
        }),
      ),
    ),
  digest: (namespace, range, options = {}) =>
    pipe(
      lift(options, () => object.digest(namespace, range, options)),
      TE.map(({ parts = [], entries = [], ...digest }) => ({ ...digest, parts, entries: checkEntries(entries).entries })),
    ),
})

export const flagsFromPromises = (object: PromiseFlags): FlagPower => ({
  list: (request) =>
    pipe(
      lift(request, () => object.list(request)),
      TE.map((ids) => checkEntries(ids).entries.map(({ id }) => id)),
    ),

  get: (key, options = {}) =>
    pipe(
      lift(options, () => object.get(key, options)),
      TE.flatMapEither(E.fromNullable(missing(key))),
      TE.flatMapEither((flags) => decode(FlagList, 'The remote’s list of flags', flags)),
    ),

  set: (key, flags, options = {}) =>
    pipe(
      lift(options, () => object.set(key, flags, options)),
      TE.flatMapEither((wasThere) => (wasThere ? E.right(undefined) : E.left(missing(key)))),
    ),
})

export const batchesFromPromises = (object: PromiseBatches): BatchPower => ({
  put: (namespace, blobs, options = {}) =>
    pipe(
      TE.fromEither(checkBatch(blobs)),
      TE.flatMap(() => lift(options, () => object.put(namespace, blobs, options))),
      TE.flatMapEither((items) => checkStored(namespace, blobs, items)),
    ),

  get: (namespace, ids, options) =>
    pipe(
      lift(options, () => object.get(namespace, ids, options)),
      TE.flatMapEither((items) => checkReceived(namespace, ids, items, options.bytesMax)),
    ),
})

export const resumableFromPromises = (object: PromiseResumable): ResumablePower => ({
  create: (key, options) => lift(options, () => object.create(key, options)),
  offset: (session, options = {}) =>
    pipe(
      lift(options, () => object.offset(session, options)),
      TE.flatMapEither(checkOffset),
    ),
  append: (session, part) =>
    pipe(
      lift(part, () => object.append(session, part)),
      TE.flatMapEither(checkOffset),
    ),
  end: (session, options = {}) => lift(options, () => object.end(session, options)),
})

const checkOffset = (bytes: number | null | undefined): E.Either<Failure, number> => {
  if (bytes === null || bytes === undefined) return E.left(failure('NotFound', 'The upload is over or has expired.'))
  return Number.isSafeInteger(bytes) && bytes >= 0
    ? E.right(bytes)
    : E.left(failure('Corrupt', `The remote’s offset of an upload is ${bytes}.`))
}

const checkStored = (
  namespace: Namespace,
  blobs: readonly SmallBlob[],
  items: readonly PromiseStored[] | void,
): E.Either<Failure, readonly E.Either<Failure, void>[]> => {
  if (items === undefined) return E.right(blobs.map(() => E.right(undefined)))
  if (items.length !== blobs.length)
    return E.left(failure('Corrupt', `The batch has ${items.length} answers for ${blobs.length} blobs.`))
  return E.right(
    blobs.map(({ id }, at) => {
      const item = items[at]
      return item === null || item === undefined ? E.right(undefined) : E.left(failureIn({ namespace, id }, item))
    }),
  )
}

const checkReceived = (
  namespace: Namespace,
  ids: readonly BlobId[],
  items: readonly PromiseReceived[],
  bytesMax: number,
): E.Either<Failure, readonly E.Either<Failure, Received>[]> => {
  if (items.length !== ids.length) return E.left(failure('Corrupt', `The batch has ${items.length} items for ${ids.length} ids.`))
  const checked = ids.map((id, index) => receivedOf({ namespace, id }, items[index]))
  const sizeBytes = checked.reduce((sum, blob) => sum + (E.isRight(blob) ? blob.right.bytes.length : 0), 0)
  return sizeBytes > bytesMax
    ? E.left(failure('TooLarge', `The batch has ${sizeBytes} bytes, where ${bytesMax} are allowed.`))
    : E.right(checked)
}

const receivedOf = (key: BlobKey, item: PromiseReceived): E.Either<Failure, Received> => {
  if (item === null || item === undefined) return E.left(missing(key))
  if ('bytes' in item && item.bytes instanceof Uint8Array) return E.right({ bytes: item.bytes, tag: item.tag })
  return E.left(failureIn(key, item))
}

const failureIn = (key: BlobKey, item: unknown): Failure =>
  pipe(
    failureCarriedBy(item),
    O.getOrElse((): Failure => failure('Corrupt', `What the remote gave for ${keyText(key)} is no blob.`)),
  )

const missing = (key: BlobKey): Failure => failure('NotFound', `The remote does not hold ${keyText(key)}.`)
