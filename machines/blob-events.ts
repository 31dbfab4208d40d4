import type { Failure } from '../src/model/failure'
import type { BlobRecord, Priority } from '../src/model/record'
import type { BackoffPlan } from './backoff'

/** Where a blob is inside its status, as it reports it to the coordinator. */
export type BlobPhase = 'queued' | 'transferring' | 'backingOff' | 'held' | 'resting' | 'marking'

export interface BlobInput {
  readonly record: BlobRecord
  /** The number of the coordinator’s last word to this blob; reports carry it back, so that old ones are known. */
  readonly turn: number
  /** It comes to life with a slot: if it has work, that begins at once. */
  readonly hasSlot: boolean
  readonly backoff: BackoffPlan
  readonly verifyAttempts: number
}

export interface BlobContext extends BlobInput {
  /** The wait of the state `backingOff`, for a chart that runs without a clock. */
  readonly waitMs: number
}

export type BlobEvent =
  /** The coordinator gives a slot. */
  | { readonly type: 'slot.granted'; readonly turn: number }
  /** The coordinator takes the slot back: paused, offline or without access. */
  | { readonly type: 'slot.revoked' }
  /** Something made a retry worth it. */
  | { readonly type: 'blob.woken' }
  /** The app asks for another try of what failed or is held. */
  | { readonly type: 'blob.retried' }
  | { readonly type: 'blob.deleted' }
  | { readonly type: 'blob.prioritised'; readonly priority: Priority }
  /** The comparison with the remote, or the app, changed the record on disk. */
  | { readonly type: 'blob.revised'; readonly record: BlobRecord }

/** What a blob tells the coordinator at each step, but that it transfers: who gives the slot knows. */
export type BlobReport =
  | {
      readonly type: 'blob.moved'
      readonly record: BlobRecord
      /** Null: as before. */
      readonly phase: BlobPhase | null
      /** Of the coordinator’s last word that had arrived. */
      readonly turn: number
      /** The failure of the attempt that just ended; null otherwise. */
      readonly failure: Failure | null
    }
  | { readonly type: 'blob.gone'; readonly record: BlobRecord }
