import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { Namespace, type BlobId, type BlobKey } from '../model/ids'
import type { ChangesBackend } from './changes'
import type { Flag } from './flags'
import type { PartsBackend } from './parts'
import type { Refusal } from './refusal'

interface UserBrand {
  readonly User: unique symbol
}

/** An account's name; the same characters as an id. */
export const User = t.brand(t.string, (s): s is t.Branded<string, UserBrand> => Namespace.is(s), 'User')
export type User = t.TypeOf<typeof User>

/** One namespace of one user. */
export interface Place {
  readonly user: User
  readonly namespace: Namespace
}

/** Which blob on a server. */
export interface StoredKey extends BlobKey {
  readonly user: User
}

/** What a server lists of one blob. */
export interface Stored {
  readonly id: BlobId
  /** Encrypted bytes. */
  readonly sizeBytes: number
  /** The last 16 bytes, padded base64url. */
  readonly tag: string
}

/** `id`: by their characters; the others by the end of the upload, or the time of deletion. */
export type Order = 'id' | 'oldest' | 'newest'

/**
 * What a server keeps its blobs in. Keys were checked before they come here; bytes are never looked into.
 *
 * What is expected comes as a `Refusal`; anything else rejects, and the server answers 500.
 */
export interface ServerBackend {
  /** @param flag only blobs that bear it; null: all. */
  readonly list: (place: Place, order: Order, flag: string | null) => Promise<readonly Stored[]>

  /** The ids that were deleted at some time, whether or not they were created again. */
  readonly tombstones: (place: Place, order: Order) => Promise<readonly BlobId[]>

  /** How many live blobs there are. @param namespace null: in all of them together. */
  readonly count: (user: User, namespace: Namespace | null) => Promise<number>

  /** The first of these ids that is not there; null if all are. */
  readonly firstMissing: (place: Place, ids: readonly BlobId[]) => Promise<BlobId | null>

  /** The stored bytes, or the part of them that is chosen. They stay readable to their end when the blob is deleted meanwhile. */
  readonly read: (key: StoredKey, choose?: Choose) => TaskEither<Refusal, StoredBytes>

  /**
   * Stores all of these blobs, each whole, or none; durable when it resolves. Their bodies are read one after the other. Of two
   * at once for one key exactly one succeeds, the other is `Exists`. Memory is bounded whatever the sizes. When a body throws a
   * `BodyRefused` nothing is stored and its refusal is the answer.
   */
  readonly put: (owner: Owner, uploads: readonly Upload[]) => TaskEither<Refusal, void>

  /**
   * As `put`, but each blob for itself: one that is refused leaves the others alone; all that are stored are so in one step. Left: what is wrong
   * with all of them, `Incomplete` or `DiskFull`; then none is stored. Absent: streams are stored whole or not at all.
   */
  readonly putEach?: (owner: Owner, uploads: readonly StreamedUpload[]) => TaskEither<Refusal, readonly Either<Refusal, void>[]>

  /** In the order in which they were set; none at first. */
  readonly flags: (key: StoredKey) => TaskEither<Refusal, readonly Flag[]>

  /** Replaces all flags of a blob; durable when it resolves. */
  readonly setFlags: (key: StoredKey, flags: readonly Flag[]) => TaskEither<Refusal, void>

  /** Deletes, flags included, and leaves a tombstone for ever. */
  readonly delete: (key: StoredKey) => TaskEither<Refusal, void>

  /** What has changed, where it can tell. */
  readonly changes?: ChangesBackend

  /** Uploads in parts, where it can. */
  readonly parts?: PartsBackend

  /** Lets go of every handle and lock. Call it once nothing is under way. */
  readonly close: () => Promise<void>
}

/** From one byte up to another, which is left out. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What to read of so many bytes with that tag; null: they do not have what is asked for, which is `OutOfRange`. */
export type Choose = (sizeBytes: number, tag: string) => Span | null

export interface StoredBytes {
  /** Of the whole blob, as the tag is. */
  readonly sizeBytes: number
  readonly tag: string
  readonly span: Span
  /** The span's bytes. Whoever takes a stream reads it to its end or cancels it. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>
}

/** Whose blobs are stored. */
export interface Owner {
  readonly user: User
  /** The most that the user's live blobs may have together, the new ones included. */
  readonly quotaBytes: number
}

export interface Upload extends BlobKey {
  /** What the client announced of the body; null if it didn't. */
  readonly sizeBytes: number | null
  /** Read once. A piece is the backend's from when it gets it. */
  readonly body: AsyncIterable<Uint8Array>
  /** What stands before the body, once the body's length is known. */
  readonly prefix?: { readonly sizeBytes: number; readonly bytes: (bodyBytes: number) => Uint8Array }
  /** Set together with the blob. @default none */
  readonly flags?: readonly Flag[]
}

/** One of several in a body. */
export interface StreamedUpload extends Upload {
  readonly sizeBytes: number
  /** Why it is refused whatever comes; null: it is not. */
  readonly refusal: Refusal | null
  /** Passes over what was not read of its body, so that the next one can be. @throws {BodyRefused} `Incomplete`. */
  readonly skip: () => Promise<void>
}
