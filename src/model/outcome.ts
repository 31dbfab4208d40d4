import type { Failure } from './failure'
import type { BlobRecord } from './record'

/** What one whole attempt gave: the record as it is on disk now; or why not, when, and a roll of the dice for jitter. */
export type Outcome =
  | { readonly isDone: true; readonly record: BlobRecord }
  | {
      readonly isDone: false
      readonly failure: Failure
      readonly record: BlobRecord
      readonly atMs: number
      /** From 0 to below 1. */
      readonly roll: number
    }
