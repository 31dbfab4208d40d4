import type { Failure } from './failure'
import type { Change } from './reconcile'
import type { BlobRecord } from './record'

/**
 * What one attempt gave: the record as it is on disk now; or why not, when, and a roll of the dice for jitter. With no failure, it came further and
 * left its slot to others that wait.
 */
export type Outcome =
  | { readonly isDone: true; readonly record: BlobRecord }
  | {
      readonly isDone: false
      readonly failure: Failure | null
      readonly record: BlobRecord
      readonly atMs: number
      /** From 0 to below 1. */
      readonly roll: number
    }

/** What the lists of the remote changed here. */
export interface Listed {
  readonly changes: readonly Change[]
  readonly corrupt: readonly Failure[]
  /** Removals that were left out until the app confirms them. */
  readonly removalsToConfirm: number
}
