import type { Either } from 'fp-ts/Either'
import type { Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import type { Work } from './browser-commit'
import type { Elsewhere } from './browser-elsewhere'

/** Where the payloads of a browser's store lie. Errors of the browser may be thrown. */
export interface Placement {
  /** Puts a payload where it shall lie. */
  readonly place: (key: BlobKey, payload: Payload) => Promise<Either<Failure, Placed>>
  /** The payload behind a value that the database keeps. */
  readonly payloadAt: (key: BlobKey, value: unknown) => Promise<Either<Failure, Payload>>
  /** Staged bytes wait in memory for so many, which then go to a draft in one piece. */
  readonly draftBytes: number
  readonly draft: (key: BlobKey) => Promise<Draft>
  /** Runs in the transaction that begins an epoch: from then on nobody else's drafts can be committed. */
  readonly forgetDrafts: Work<void>
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
  /** The name of what lies elsewhere, which the database keeps beside the value. */
  readonly elsewhere?: string
  /** Runs in the transaction that keeps it. */
  readonly along?: (objects: IDBObjectStore) => void
  /** Takes it away again, if that transaction failed or was not needed. */
  readonly discard?: () => Promise<void>
}

/** Staged bytes on their way to a place. Bytes are appended in turn, then `end` is called, or `discard`. */
export interface Draft {
  readonly append: (bytes: Bytes) => Promise<Either<Failure, void>>
  readonly end: () => Promise<Either<Failure, Placed>>
  readonly discard: () => Promise<void>
}
