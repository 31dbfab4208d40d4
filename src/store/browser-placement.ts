import type { Either } from 'fp-ts/Either'
import type { Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import type { Work } from './browser-commit'
import type { Elsewhere } from './browser-elsewhere'
import type { Kept, Piece } from './browser-kept'

/** Where the payloads of a browser's store lie. Errors of the browser may be thrown. */
export interface Placement {
  /** Puts a payload where it shall lie. */
  readonly place: (key: BlobKey, payload: Payload) => Promise<Either<Failure, Placed>>
  /** The payload behind a value that the database keeps. */
  readonly payloadAt: (key: BlobKey, value: unknown) => Promise<Either<Failure, Payload>>
  /** Staged bytes wait in memory for so many, which then go to a draft in one piece. */
  readonly draftBytes: number
  /** @param kept What it goes on after, as an earlier draft kept it. */
  readonly draft: (key: BlobKey, kept: readonly Piece[]) => Promise<Draft>
  /** The bytes of pieces that were kept; null if not all of them are there any more. */
  readonly blobOf: (kept: readonly Piece[]) => Promise<Blob | null>
  /** Runs in the transaction that begins an epoch: from then on nobody else's drafts can be committed, unless they are kept. */
  readonly forgetDrafts: (kept: Kept) => Work<void>
  /** Runs in the transaction that forgets pieces. Where none lie in the database: absent. */
  readonly dropPieces?: (objects: IDBObjectStore, pieces: readonly Piece[]) => void
  /** Where nothing lies elsewhere than in the database: absent. */
  readonly elsewhere?: Elsewhere
  /** Clears away what lies elsewhere under a name that the database no longer keeps. Does not fail. */
  readonly release?: (name: string) => Promise<void>
  /** The last call: nothing is under way. */
  readonly close?: () => Promise<void>
}

/** A payload that lies in its place, durably but for what the database is yet to keep. */
export interface Placed {
  /** What the database keeps for it. */
  readonly value: unknown
  /** The names of what lies elsewhere, which the database keeps beside the value. */
  readonly elsewhere?: readonly string[]
  /** Runs in the transaction that keeps it. */
  readonly along?: (objects: IDBObjectStore) => void
  /** Takes it away again, if that transaction failed or was not needed. */
  readonly discard?: () => Promise<void>
}

/** Staged bytes on their way to a place. Bytes are appended in turn, then `end` is called, or `discard`. */
export interface Draft {
  readonly append: (bytes: Bytes) => Promise<Either<Failure, void>>
  /** Makes all bytes so far durable. @returns where they lie. */
  readonly keep: () => Promise<readonly Piece[]>
  /** @param kept What stays if the payload that it becomes does not. */
  readonly end: (kept: readonly Piece[]) => Promise<Either<Failure, Placed>>
  /** Lets go, and takes away what is not among the pieces that the database keeps. */
  readonly discard: (kept: readonly Piece[]) => Promise<void>
}
