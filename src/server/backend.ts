import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { Namespace, type BlobId, type BlobKey } from '../model/ids'

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
  readonly list: (place: Place, order: Order) => Promise<readonly Stored[]>

  /** The ids that were deleted at some time, whether or not they were created again. */
  readonly tombstones: (place: Place, order: Order) => Promise<readonly BlobId[]>

  /** How many live blobs there are. */
  readonly count: (place: Place) => Promise<number>

  readonly stat: (key: StoredKey) => TaskEither<Refusal, Stored>

  /** The stored bytes. They stay readable to their end when the blob is deleted meanwhile. */
  readonly read: (key: StoredKey) => TaskEither<Refusal, StoredBytes>

  /**
   * Stores a blob whole or not at all; durable when it resolves. Of two at once for one key exactly one succeeds, the other
   * is `Exists`. Memory is bounded whatever the size. When the body throws a `BodyRefused` nothing is stored and its refusal is
   * the answer.
   */
  readonly put: (key: StoredKey, upload: Upload) => TaskEither<Refusal, void>

  /** Deletes and leaves a tombstone for ever. */
  readonly delete: (key: StoredKey) => TaskEither<Refusal, void>

  /** Lets go of every handle and lock. Call it once nothing is under way. */
  readonly close: () => Promise<void>
}

export interface StoredBytes {
  readonly sizeBytes: number
  readonly tag: string
  /** Whoever takes a stream reads it to its end or cancels it. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>
}

export interface Upload {
  /** What the client announced; null if it didn't. */
  readonly sizeBytes: number | null
  /** The most that the user's live blobs may have together, this one included. */
  readonly quotaBytes: number
  /** Read once. A piece is the backend's from when it gets it. */
  readonly body: AsyncIterable<Uint8Array>
}

/** Why a server does not do what it was asked, as plain data. */
export interface Refusal {
  readonly _tag: 'Missing' | 'Exists' | 'QuotaExceeded' | 'DiskFull' | 'TooLarge' | 'TooShort' | 'Incomplete'
}

export const refusal = (_tag: Refusal['_tag']): Refusal => ({ _tag })

/** How a body says that it is no good: an iterator can only throw. */
export class BodyRefused extends Error {
  override readonly name = 'BodyRefused'
  readonly refusal: Refusal
  constructor(tag: Refusal['_tag']) {
    super(tag)
    this.refusal = refusal(tag)
  }
}

/** The answer of a backend before it is awaited. */
export type Answer<A> = Promise<Either<Refusal, A>>
