import type { TaskEither } from 'fp-ts/TaskEither'
import type { BlobKey } from '../model/ids'
import type { Owner, StoredKey, User } from './backend'
import type { Refusal } from './refusal'

/** An upload that comes in parts, or came. Until it is whole nobody can list or read any of it. */
export interface PartialUpload {
  /** Unguessable; `[0-9a-f]`. */
  readonly uploadId: string
  readonly key: StoredKey
  readonly sizeBytes: number
  /** What is durable, so that a client may forget it. All of it: the blob is stored. */
  readonly offset: number
  /** When the last byte came, or the upload was created. */
  readonly changedAtMs: number
}

/**
 * Uploads that go on where they were cut, across restarts too. Whoever calls sees to it that an upload is in one call at a time.
 */
export interface PartsBackend {
  /** How long after its last byte an unfinished upload is forgotten. */
  readonly expiresMs: number

  /** Begins an upload; the room for all of it is reserved from now on. Several for one key may be under way: the first that is whole wins. */
  readonly create: (owner: Owner, upload: BlobKey & { readonly sizeBytes: number }) => TaskEither<Refusal, PartialUpload>

  /** Null if there is none of that user, or no longer. */
  readonly find: (user: User, uploadId: string) => Promise<PartialUpload | null>

  /**
   * Takes what comes, for good, and resolves with the new offset. A piece is lent until the next one is asked for. A body that breaks off is no failure:
   * what came of it counts. With the last byte the blob is stored, as by `put`; `Exists` if another was faster, and then the upload is gone.
   */
  readonly append: (upload: PartialUpload, body: AsyncIterable<Uint8Array>) => TaskEither<Refusal, number>

  /** Forgets an upload and its bytes; a blob that came of it stays. */
  readonly discard: (upload: PartialUpload) => Promise<void>

  /** Forgets those that have expired. @returns how many. */
  readonly discardExpired: () => Promise<number>
}
