import { assign, fromPromise, sendParent, setup, type EventObject } from 'xstate'
import { answerTo, type Failure } from '../src/model/failure'
import type { Outcome } from '../src/model/outcome'
import type { BlobRecord, HeldReason, Status } from '../src/model/record'
import { backoffMs } from './backoff'
import type { BlobContext, BlobEvent, BlobInput, BlobPhase, BlobReport } from './blob-events'

const outcomeOf = ({ event }: { event: EventObject }): Outcome => {
  // XState types done events of an invoked actor only where they are handled; every transition below that asks is one.
  if ('output' in event) return event.output as Outcome
  throw new TypeError(`${event.type} carries no outcome`)
}

/** What an attempt left of the record; the priority may have been given meanwhile. */
const leftBy = ({ record }: Outcome, { record: { priority } }: BlobContext): BlobRecord => ({ ...record, priority })

const backOff = { kind: 'backOff', atLeastMs: 0 } as const

/** The failure table, seen from one blob: what would be asked again at once for ever backs off instead. */
const answerOf = (outcome: Outcome, verifyAttempts: number) => {
  if (outcome.isDone) return { kind: 'done' } as const
  const { failure, record } = outcome
  if (failure === null) return { kind: 'requeue' } as const
  const answer = answerTo(failure)
  if (answer.kind === 'requeue') return closesItsGate(failure, record.status) ? answer : backOff
  if (answer.kind !== 'fail') return answer
  return record.status === 'PENDING_DOWNLOAD' && record.attempts + 1 >= verifyAttempts ? answer : backOff
}

/** Whether the coordinator keeps blobs of this status from another attempt until the reason is gone. */
const closesItsGate = (failure: Failure, status: Status): boolean =>
  failure._tag === 'Unauthorized' ||
  (failure._tag === 'QuotaExceeded' && status === 'PENDING_UPLOAD') ||
  (failure._tag === 'StorageFull' && status === 'PENDING_DOWNLOAD')

/** Whether a blob comes to life with a slot and the work of that status, and with nothing to wait for. */
const begins =
  (status: Status) =>
  ({ context: { hasSlot, record }, event }: { readonly context: BlobContext; readonly event: EventObject }): boolean =>
    hasSlot &&
    event.type === BIRTH &&
    record.status === status &&
    record.held === null &&
    record.dueAtMs === null &&
    record.erasedAtMs === null

/** XState's event for it. The slot that came with it is not there twice. */
const BIRTH = 'xstate.init'

const transfer = () => fromPromise<Outcome, { readonly record: BlobRecord }>(() => new Promise(() => {}))

/** The words of a blob’s chart. */
export const base = setup({
  types: {
    input: {} as BlobInput,
    context: {} as BlobContext,
    events: {} as BlobEvent,
  },
  actors: { upload: transfer(), download: transfer(), erase: transfer(), mark: transfer() },
  delays: {
    backoff: ({ context }) => context.waitMs,
  },
  guards: {
    isDone: ({ context, event }) => answerOf(outcomeOf({ event }), context.verifyAttempts).kind === 'done',
    mustBackOff: ({ context, event }) => answerOf(outcomeOf({ event }), context.verifyAttempts).kind === 'backOff',
    mustBeHeld: ({ context, event }) => answerOf(outcomeOf({ event }), context.verifyAttempts).kind === 'hold',
    hasFailed: ({ context, event }) => answerOf(outcomeOf({ event }), context.verifyAttempts).kind === 'fail',
    hasNewPriority: ({ context, event }) => outcomeOf({ event }).record.priority !== context.record.priority,
    isSynced: ({ context }) => context.record.status === 'SYNCED',
    isUpload: ({ context }) => context.record.status === 'PENDING_UPLOAD',
    isDownload: ({ context }) => context.record.status === 'PENDING_DOWNLOAD',
    beginsUpload: begins('PENDING_UPLOAD'),
    beginsDownload: begins('PENDING_DOWNLOAD'),
    beginsErasing: begins('PENDING_DELETE'),
    isFailed: ({ context }) => context.record.status === 'FAILED_DOWNLOAD',
    isHeld: ({ context }) => context.record.held !== null,
    isWaiting: ({ context }) => context.record.dueAtMs !== null,
    isErased: ({ context }) => context.record.erasedAtMs !== null,
    leftNothing: ({ event }) => {
      const outcome = outcomeOf({ event })
      return outcome.isDone && outcome.record.status !== 'PENDING_DELETE'
    },
    mayRetry: ({ context }) =>
      context.record.held === null || ['forbidden', 'tooLarge', 'corrupt', 'onDemand', 'paused'].includes(context.record.held),
  },
  actions: {
    /** Tells the coordinator where the blob is; a failure travels along once, with the step that it caused. */
    report: sendParent(
      (
        { context, event }: { context: BlobContext; event: EventObject },
        params: { readonly phase: BlobPhase | null },
      ): BlobReport => {
        const outcome = 'output' in event ? outcomeOf({ event }) : null
        const failure = outcome === null || outcome.isDone ? null : outcome.failure
        const { record, turn } = context
        return { type: 'blob.moved', record, turn, phase: params.phase, failure }
      },
    ),
    reportGone: sendParent(({ context }: { context: BlobContext }): BlobReport => ({
      type: 'blob.gone',
      record: context.record,
    })),
    /** Writes the record; without a store, nothing. */
    remember: () => {},
    takeRecord: assign({ record: ({ event }) => outcomeOf({ event }).record }),
    takeRevision: assign({ record: ({ context, event }) => (event.type === 'blob.revised' ? event.record : context.record) }),
    takeTurn: assign({ turn: ({ context, event }) => (event.type === 'slot.granted' ? event.turn : context.turn) }),
    takePriority: assign({
      record: ({ context, event }) =>
        event.type === 'blob.prioritised' ? { ...context.record, priority: event.priority } : context.record,
    }),
    noteFailure: assign(({ context, event }) => {
      const outcome = outcomeOf({ event })
      if (outcome.isDone || outcome.failure === null) return {}
      const attempts = outcome.record.attempts + 1
      const answer = answerTo(outcome.failure)
      const waitMs = backoffMs(context.backoff, attempts, outcome.roll, answer.kind === 'backOff' ? answer.atLeastMs : 0)
      return {
        waitMs,
        record: {
          ...leftBy(outcome, context),
          attempts,
          dueAtMs: outcome.atMs + waitMs,
          failure: outcome.failure,
          changedAtMs: outcome.atMs,
        },
      }
    }),
    noteReason: assign(({ context, event }) => {
      const outcome = outcomeOf({ event })
      if (outcome.isDone) return {}
      const answer = answerOf(outcome, context.verifyAttempts)
      const held: HeldReason | null = answer.kind === 'hold' ? answer.reason : null
      const record = leftBy(outcome, context)
      return { record: { ...record, held, dueAtMs: null, failure: outcome.failure, changedAtMs: outcome.atMs } }
    }),
    /** Not an attempt: the reason lies outside the blob, or it came further and left its slot to others. */
    noteInterruption: assign(({ context, event }) => {
      const outcome = outcomeOf({ event })
      return outcome.isDone ? {} : { record: { ...leftBy(outcome, context), failure: outcome.failure } }
    }),
    becomeFailed: assign(({ context, event }) => {
      const outcome = outcomeOf({ event })
      if (outcome.isDone) return {}
      return {
        record: {
          ...leftBy(outcome, context),
          status: 'FAILED_DOWNLOAD' as const,
          attempts: outcome.record.attempts + 1,
          dueAtMs: null,
          failure: outcome.failure,
          changedAtMs: outcome.atMs,
        },
      }
    }),
    beginAgain: assign({
      record: ({ context: { record } }) => ({
        ...record,
        status: record.status === 'FAILED_DOWNLOAD' ? ('PENDING_DOWNLOAD' as const) : record.status,
        held: null,
        attempts: 0,
        dueAtMs: null,
      }),
    }),
    forgetDueTime: assign({ record: ({ context }) => ({ ...context.record, dueAtMs: null }) }),
  },
})
