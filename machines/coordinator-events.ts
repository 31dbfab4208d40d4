import type { Failure } from '../src/model/failure'
import type { BlobKey } from '../src/model/ids'
import type { Listed } from '../src/model/outcome'
import type { BlobRecord } from '../src/model/record'
import type { BackoffPlan } from './backoff'
import type { BlobActors } from './blob-actors'
import type { BlobEvent, BlobPhase, BlobReport } from './blob-events'
import type { Pace } from './pace'
import type { RestingBlobs, Roster } from './roster'

export interface CoordinatorInput {
  readonly transfers: number
  /** How many of these transfers there may be now. */
  readonly pace: Pace
  readonly liveActors: number
  /** How many blobs may share a slot. */
  readonly batchBlobs: number
  readonly backoff: BackoffPlan
  readonly verifyAttempts: number
  readonly isOnline: boolean
  readonly isPaused: boolean
  /** Measuring the room makes some, where there is too little. */
  readonly makesRoom: boolean
  /** Other tabs may have the same store open: this one works only while it leads. */
  readonly isShared: boolean
  readonly roster: Roster
  /** Of the blobs that live. */
  readonly actors: BlobActors
}

export interface CoordinatorContext extends CoordinatorInput {
  /** How many slots blobs may share; 0 while the remote takes no batches. */
  readonly batchSlots: number
  /** Due time for which the alarm is set. */
  readonly alarmAtMs: number | null
  /** Counts tokens: a refusal of an older token says nothing about the present one. */
  readonly accessRound: number
  /** Whether the present token was accepted once. */
  readonly isTokenProven: boolean
  readonly listAttempts: number
  readonly isListWanted: boolean
  readonly listFailure: Failure | null
  readonly listWaitMs: number
  readonly slowdownMs: number
  /** Until when the remote has asked for less. */
  readonly slowUntilMs: number
  /** Which token the list was asked for with. */
  readonly listAccessRound: number
}

/** What a comparison with the remote changed on disk. */
export interface Comparison {
  readonly changed: readonly BlobRecord[]
  readonly gone: readonly BlobRecord[]
  /** What reports say of it. */
  readonly report: Listed
}

/** Why a list or comparison came to nothing. */
export interface ListFailed {
  readonly failure: Failure
  readonly roll: number
}

export type ListOutcome = { readonly isDone: true; readonly comparison: Comparison } | ({ readonly isDone: false } & ListFailed)
export type RecallOutcome =
  | {
      readonly isDone: true
      readonly records: readonly BlobRecord[]
      /** Those at rest, where the store can be asked for them; else they are among the records. */
      readonly resting?: RestingBlobs | null
    }
  | { readonly isDone: false; readonly failure: Failure }

/** Where a blob is, as the tab that leads tells it; without a record it is gone. */
export interface Mirrored {
  readonly key: BlobKey
  readonly record: BlobRecord | null
  readonly isTransferring: boolean
}

export type CoordinatorEvent =
  | { readonly type: 'blob.added'; readonly record: BlobRecord }
  | { readonly type: 'blob.commanded'; readonly key: BlobKey; readonly command: BlobEvent }
  | { readonly type: 'blob.wanted'; readonly record: BlobRecord }
  | { readonly type: 'blob.unwanted'; readonly key: BlobKey }
  | { readonly type: 'blob.observed'; readonly key: BlobKey }
  | { readonly type: 'blob.unobserved'; readonly key: BlobKey }
  /** What was asked of a blob has reached its actor. */
  | { readonly type: 'blob.answered'; readonly key: BlobKey }
  | BlobReport
  | { readonly type: 'sync.requested' }
  /** Said in the turn of the blobs, before anybody else writes about them. */
  | { readonly type: 'list.written'; readonly comparison: Comparison }
  /** Everything that backs off gets its attempt now. */
  | { readonly type: 'backoff.waived' }
  | { readonly type: 'sync.paused' }
  | { readonly type: 'sync.resumed' }
  | { readonly type: 'connectivity.changed'; readonly isOnline: boolean }
  /** The remote has said that it takes batches. */
  | { readonly type: 'batches.offered' }
  | { readonly type: 'access.refused' }
  | { readonly type: 'access.renewed' }
  | { readonly type: 'quota.exceeded' }
  | { readonly type: 'quota.proven' }
  | { readonly type: 'storage.filled' }
  /** Something was dropped here, or somebody hopes so: the room is measured again. */
  | { readonly type: 'room.changed' }
  | { readonly type: 'pace.exceeded' }
  | { readonly type: 'alarm.rang'; readonly dueAtMs: number }
  | { readonly type: 'slots.shared' }
  /** This tab leads those that share the store. */
  | { readonly type: 'leadership.won' }
  | { readonly type: 'leadership.lost' }
  /** What the store holds is to be read again. */
  | { readonly type: 'records.wanted' }
  | { readonly type: 'records.taken' }
  | { readonly type: 'records.mirrored'; readonly changes: readonly Mirrored[] }
  /** The coordinator is about to be stopped, and all that live first. */
  | { readonly type: 'sync.closed' }
  /** What XState tells of a child that threw. */
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown }

export type CoordinatorEmitted =
  /** `before`: the record until now; undefined for a blob that was not known. */
  | ({ readonly type: 'blob.moved'; readonly phase: BlobPhase; readonly before: BlobRecord | undefined } & Pick<
      Extract<BlobReport, { type: 'blob.moved' }>,
      'record' | 'failure'
    >)
  | { readonly type: 'blob.gone'; readonly record: BlobRecord }
  | { readonly type: 'blob.crashed'; readonly record: BlobRecord; readonly error: unknown }
  | { readonly type: 'records.recalled' }
  /** It leads, and has read what the store holds. */
  | { readonly type: 'leadership.taken' }
  | { readonly type: 'recall.failed'; readonly failure: Failure }
  | { readonly type: 'remote.compared'; readonly comparison: Comparison }
  | { readonly type: 'list.failed'; readonly failure: Failure }
