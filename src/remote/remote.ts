import type { Option } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobId, BlobKey, Namespace } from '../model/ids'
import type { Entry } from '../model/wire'

/**
 * The server's side of the blobs. It holds encrypted bytes, is slow, lies and fails.
 *
 * No adapter retries by itself. Every adapter passes `remoteConformance`. A signal that fires ends the call as `Aborted`.
 */
export interface Remote {
  /** Which optional powers this remote has. */
  readonly supports: Supports

  /**
   * One page of what a namespace holds, live blobs and tombstones. The live list is read before the tombstones. An id may
   * be in both: deleted and created again. Ids that are none are reported in `corrupt` and left out.
   */
  readonly list: (request: ListRequest) => TaskEither<Failure, Page>

  /** Stores encrypted bytes under a key that does not exist there; `Exists` if it does, whatever it holds. */
  readonly put: (key: BlobKey, upload: Upload) => TaskEither<Failure, void>

  /** Opens the encrypted bytes. `NotFound`. The body errors with a `CarriedFailure` when the connection fails or stalls. */
  readonly get: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, Download>

  /** Size and tag of what is held, without the bytes; `none` if nothing is. */
  readonly stat: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, Option<Entry>>

  /** Deletes and leaves a tombstone. `NotFound` if there is no live blob. */
  readonly delete: (key: BlobKey, options?: CallOptions) => TaskEither<Failure, void>

  /** Asks the app for a new token. `Unauthorized` if it has no other. A remote without tokens resolves at once. */
  readonly refreshAccess: () => TaskEither<Failure, void>
}

export interface Supports {
  readonly changes: boolean
  readonly ranges: boolean
  readonly resumableUploads: boolean
  readonly batches: boolean
  readonly flags: boolean
}

export interface CallOptions {
  readonly signal?: AbortSignal
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
}

export interface Upload extends CallOptions {
  readonly sizeBytes: number
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Told the bytes handed over so far, never fewer than before. */
  readonly onProgress?: (bytes: number) => void
}

export interface Download {
  /** Encrypted bytes, where the remote says it. */
  readonly sizeBytes: number | null
  /** What the remote claims the tag to be, unchecked. */
  readonly tag: string | null
  /** Whoever takes it reads it to its end or cancels it. */
  readonly body: ReadableStream<Uint8Array>
}
