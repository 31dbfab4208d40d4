import type { Either } from 'fp-ts/Either'
import type { Option } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { BlobId, BlobKey, Namespace } from '../model/ids'
import type { Entry, Flag } from '../model/wire'

/**
 * The server's side of the blobs. It holds encrypted bytes, is slow, lies and fails.
 *
 * No adapter retries by itself. Every adapter passes `remoteConformance`. A signal that fires ends the call as `Aborted`.
 */
export interface Remote {
  /**
   * Which optional powers this remote has. It may have to ask for that: it asks once and remembers the answer. A power that is there has its
   * methods too.
   */
  readonly supports: (options?: CallOptions) => TaskEither<Failure, Supports>

  /**
   * One page of what a namespace holds, live blobs and tombstones. The live list is read before the tombstones. An id may
   * be in both: deleted and created again. Ids that are none are reported in `corrupt` and left out.
   */
  readonly list: (request: ListRequest) => TaskEither<Failure, Page>

  /** Stores encrypted bytes under a key that does not exist there; `Exists` if it does, whatever it holds. */
  readonly put: (key: BlobKey, upload: Upload) => TaskEither<Failure, void>

  /** Opens the encrypted bytes. `NotFound`. The body errors with a `CarriedFailure` when the connection fails or stalls. */
  readonly get: (key: BlobKey, options?: DownloadOptions) => TaskEither<Failure, Download>

  /** Size and tag of what is held, without the bytes; `none` if nothing is. */
  readonly stat: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, Option<Entry>>

  /** Deletes and leaves a tombstone. `NotFound` if there is no live blob. */
  readonly delete: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, void>

  /** How many live blobs a namespace holds. An original Soledad server may tell more. */
  readonly count: (namespace: Namespace, options?: CallOptions) => TaskEither<Failure, number>

  /** The power `changes`. */
  readonly changes?: ChangesPower

  /** The power `flags`. */
  readonly flags?: FlagPower

  /** The power `batches`. */
  readonly batches?: BatchPower

  /** The power `resumableUploads`. */
  readonly resumable?: ResumablePower

  /** Asks the app for a new token. `Unauthorized` if it has no other. A remote without tokens resolves at once. */
  readonly refreshAccess: () => TaskEither<Failure, void>
}

export interface Supports {
  readonly changes: boolean
  /** `get` takes `from`. */
  readonly ranges: boolean
  readonly resumableUploads: boolean
  readonly batches: boolean
  readonly flags: boolean
}

/** None of the optional powers. */
export const noPowers: Supports = { changes: false, ranges: false, resumableUploads: false, batches: false, flags: false }

/** Whether `supports` failed because the remote does not say what it can do, though it may hold blobs all the same. */
export const saysNothing = (reason: Failure): boolean =>
  reason._tag === 'ServerError'
    ? reason.status < 500 || reason.status === 501
    : ['NotFound', 'Forbidden', 'Corrupt'].includes(reason._tag)

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface TransferOptions extends CallOptions {
  /** The blob is small and, where it is put, not expected to exist: it may share a request with others. @default false */
  readonly mayBatch?: boolean
}

export interface DownloadOptions extends TransferOptions {
  /** With the power `ranges` alone: the rest of a blob of which an earlier download brought the beginning. */
  readonly from?: RestOfBlob
}

export interface RestOfBlob {
  /** How many encrypted bytes are there already; fewer than `sizeBytes`. */
  readonly byte: number
  /** What the earlier download said the blob to be. If it is another by now, the download begins at its beginning. */
  readonly sizeBytes: number
  readonly tag: string | null
}

export interface ListRequest extends CallOptions {
  readonly namespace: Namespace
  /** Where an earlier page ended; absent for the first. */
  readonly cursor?: string
}

export interface Page {
  readonly entries: readonly Entry[]
  readonly tombstones: readonly BlobId[]
  readonly corrupt: readonly Failure[]
  /** Where the next page begins; null after the last. */
  readonly next: string | null
  /** With the power `changes`, on the first page: where its feed was before the list was read. */
  readonly feed?: string | null
}

/** Tells what has changed, so that nobody has to list everything to see that nothing has. */
export interface ChangesPower {
  /**
   * What has changed in each of these namespaces since its cursor, in the order asked; null where the remote does not know the cursor or no longer goes back so
   * far: then only a list tells. At most 32 at once.
   */
  readonly read: (request: ChangesRequest) => TaskEither<Failure, readonly (ChangesPage | null)[]>

  /** What the live blobs of a range of ids come to; see `rangeOf`. */
  readonly digest: (namespace: Namespace, range: string, options?: CallOptions) => TaskEither<Failure, RangeDigest>
}

/** The most namespaces that are asked about at once. */
export const FEEDS_MAX = 32

export interface ChangesRequest extends CallOptions {
  readonly since: readonly Since[]
  /** The most changes of one page. @default what the remote likes */
  readonly limit?: number
  /** Where nothing has changed the answer is held back until something does, or for so long. A remote may be quicker. @default 0 */
  readonly waitMs?: number
}

/** A place in the feed of a namespace: `feed` of a list, or `cursor` of a page. Opaque. */
export interface Since {
  readonly namespace: Namespace
  readonly cursor: string
}

/** An id may be in both, as in a list: deleted and created again. One that a later page has as deleted alone is gone by then. */
export interface ChangesPage extends Pick<Page, 'entries' | 'tombstones' | 'corrupt'> {
  /** Where the next page begins. */
  readonly cursor: string
  /** Whether there is more at once. */
  readonly hasMore: boolean
}

export interface RangeDigest extends PartDigest {
  /** Where the feed was when this was counted. */
  readonly cursor: string
  /** Of the sixteen ranges that make up this one; none for the narrowest ones. */
  readonly parts: readonly PartDigest[]
  /** The live blobs, of the narrowest ranges alone. */
  readonly entries: readonly Entry[]
}

export interface PartDigest {
  readonly blobs: number
  /** As `digestText` writes it. */
  readonly digest: string
}

export interface Upload extends TransferOptions {
  readonly sizeBytes: number
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Told the bytes handed over so far, never fewer than before. */
  readonly onProgress?: (bytes: number) => void
}

export interface Download {
  /** Where in the blob the body begins: at `from`, or 0 where the remote sends all of it. @default 0 */
  readonly fromByte?: number
  /** Encrypted bytes of the whole blob, where the remote says it. */
  readonly sizeBytes: number | null
  /** What the remote claims the tag to be, unchecked. */
  readonly tag: string | null
  /** Whoever takes it reads it to its end or cancels it. Pieces of a byte stream are his; those of any other may be somebody else's too. */
  readonly body: ReadableStream<Uint8Array>
}

/**
 * Uploads in parts, of which those that arrived need not be sent again. The blob is there once its last byte is, in the same step that a `put`
 * ends with; before, nobody but the session sees any of it.
 */
export interface ResumablePower {
  /**
   * Begins a session for so many encrypted bytes, which are the account's from now on. `Exists`, `QuotaExceeded`, `TooLarge`.
   *
   * @returns the session: opaque text, for the record. It is no secret, and worth nothing without access.
   */
  readonly create: (key: BlobKey, options: SessionOptions) => TaskEither<Failure, string>

  /** How many bytes have arrived. `NotFound` if the session has expired or was ended; one that has made its blob may be gone, too. */
  readonly offset: (session: string, options?: CallOptions) => TaskEither<Failure, number>

  /**
   * Sends the bytes from `at` on. Where `at` is not where the session is, nothing is taken. With the last byte it resolves once the blob is
   * there: `Exists` if another one is by then. `NotFound` as for `offset`. After any other failure some of the bytes may have arrived.
   *
   * @returns how many bytes of the blob have arrived now, whatever was sent.
   */
  readonly append: (session: string, part: UploadPart) => TaskEither<Failure, number>

  /** Ends the session and gives back what it held. Absence is no failure. */
  readonly end: (session: string, options?: CallOptions) => TaskEither<Failure, void>
}

export interface SessionOptions extends CallOptions {
  /** Encrypted bytes of the blob. */
  readonly sizeBytes: number
}

export interface UploadPart extends CallOptions {
  readonly at: number
  /** Lent: once the call has resolved they may hold something else. */
  readonly bytes: Bytes
}

/** Marks on blobs that travel with them: how far an incoming one has come. */
export interface FlagPower {
  /** The ids of the live blobs that bear a flag, in the order of their time. */
  readonly list: (request: FlagListRequest) => TaskEither<Failure, readonly BlobId[]>
  /** The flags of one blob; none if none were ever set. `NotFound`. */
  readonly get: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, readonly Flag[]>
  /** Replaces the flags of one blob. `NotFound`. */
  readonly set: (key: BlobKey, flags: readonly Flag[], options?: CallOptions) => TaskEither<Failure, void>
}

export interface FlagListRequest extends CallOptions {
  readonly namespace: Namespace
  readonly flag: Flag
  readonly order: 'oldest' | 'newest'
}

/** Many small blobs in one request. */
export interface BatchPower {
  /**
   * Stores blobs that do not exist there. Right: an answer for each, in their order; one that exists is `Exists` and was not changed, and the
   * others are there. Left: none is there, unless the connection failed; a remote that stores all or none says so `Exists` for all of them. A
   * batch that names an id twice is refused. Never for an original Soledad server, which overwrites and drops.
   */
  readonly put: (
    namespace: Namespace,
    blobs: readonly SmallBlob[],
    options?: CallOptions,
  ) => TaskEither<Failure, readonly Either<Failure, void>[]>

  /**
   * Fetches blobs, in the order asked; an id that is asked twice comes twice. Left: nothing came that could be trusted. An id whose blob
   * did not come whole is left in its place: `NotFound`, or what the connection failed with.
   *
   * @param bytesMax More encrypted bytes than these in all make the whole call `TooLarge`: they are held in memory.
   */
  readonly get: (
    namespace: Namespace,
    ids: readonly BlobId[],
    options: CallOptions & { readonly bytesMax: number },
  ) => TaskEither<Failure, readonly Either<Failure, Received>[]>
}

export interface SmallBlob {
  readonly id: BlobId
  /** Encrypted. */
  readonly bytes: Bytes
}

export interface Received {
  /** Encrypted. */
  readonly bytes: Bytes
  /** What the remote claims the tag to be, unchecked; null if it claims nothing. */
  readonly tag: string | null
}
