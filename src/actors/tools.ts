import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Cipher } from '../cipher/cipher'
import { failure, type Failure } from '../model/failure'
import type { BlobKey } from '../model/ids'
import type { Outcome } from '../model/outcome'
import type { BlobRecord } from '../model/record'
import type { Remote } from '../remote/remote'
import type { Store } from '../store/store'
import type { PartSizes } from './part-sizes'

/** What every actor works with. */
export interface Tools {
  readonly store: Store
  readonly remote: Remote
  readonly cipher: Cipher
  readonly now: () => number
  readonly random: () => number
  /** Runs with a storage slot, which what is small may share, after what was asked before for the same blobs. */
  readonly inTurn: <A>(keys: readonly BlobKey[], use: TE.TaskEither<Failure, A>, isSmall?: boolean) => TE.TaskEither<Failure, A>
  /** Runs after what was asked before for the same blobs, with the transfer's own slot alone. */
  readonly inOrder: <A>(keys: readonly BlobKey[], use: TE.TaskEither<Failure, A>) => TE.TaskEither<Failure, A>
  readonly parts: PartSizes
  /** Whether another blob is to have the slot of this one first. */
  readonly isWaitedFor: (record: BlobRecord) => boolean
  readonly onProgress: (key: BlobKey, bytes: number, totalBytes: number | null) => void
}

/** One attempt: what it knows of the record grows while it goes, and survives a failure. */
export interface Attempt {
  readonly tools: Tools
  readonly signal: AbortSignal
  /** What is on disk now. */
  record: BlobRecord
}

/** Why an attempt ended that had come further: others wait for its slot. */
export type Yielded = null

/** Ends an attempt with what its pipe gave. */
export const settle = async (attempt: Attempt, pipe: TE.TaskEither<Failure | Yielded, BlobRecord>): Promise<Outcome> => {
  const result = await pipe()
  return E.isRight(result)
    ? { isDone: true, record: result.right }
    : { isDone: false, failure: result.left, record: attempt.record, atMs: attempt.tools.now(), roll: attempt.tools.random() }
}

/** Writes in turn, unless the attempt was called off in the meantime: then what called it off owns the record. */
export const writeUnlessAborted = <A>(attempt: Attempt, use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  attempt.tools.inTurn([attempt.record], () =>
    attempt.signal.aborted ? Promise.resolve(E.left(failure('Aborted', 'The transfer was called off.'))) : use(),
  )

/** A record whose transfer is over. */
export const atRest = (record: BlobRecord, changes: Partial<BlobRecord>, nowMs: number): BlobRecord => ({
  ...record,
  held: null,
  attempts: 0,
  dueAtMs: null,
  failure: null,
  upload: null,
  download: null,
  ...changes,
  changedAtMs: nowMs,
})
