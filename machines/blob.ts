import { assign, fromPromise, sendParent, setup, type EventObject } from 'xstate'
import { answerTo, type Failure } from '../src/model/failure'
import type { Outcome } from '../src/model/outcome'
import type { BlobRecord, HeldReason, Priority, Status } from '../src/model/record'
import { backoffMs, type BackoffPlan } from './backoff'

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

const outcomeOf = ({ event }: { event: EventObject }): Outcome => {
  // XState types done events of an invoked actor only where they are handled; every transition below that asks is one.
  if ('output' in event) return event.output as Outcome
  throw new TypeError(`${event.type} carries no outcome`)
}

const backOff = { kind: 'backOff', atLeastMs: 0 } as const

/** The failure table, seen from one blob: what would be asked again at once for ever backs off instead. */
const answerOf = (outcome: Outcome, verifyAttempts: number) => {
  if (outcome.isDone) return { kind: 'done' } as const
  const { failure, record } = outcome
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
  ({ context: { hasSlot, record } }: { readonly context: BlobContext }): boolean =>
    hasSlot && record.status === status && record.held === null && record.dueAtMs === null && record.erasedAtMs === null

const transfer = () => fromPromise<Outcome, { readonly record: BlobRecord }>(() => new Promise(() => {}))

const base = setup({
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
    useSlot: assign({ hasSlot: false }),
    takePriority: assign({
      record: ({ context, event }) =>
        event.type === 'blob.prioritised' ? { ...context.record, priority: event.priority } : context.record,
    }),
    noteFailure: assign(({ context, event }) => {
      const outcome = outcomeOf({ event })
      if (outcome.isDone) return {}
      const attempts = outcome.record.attempts + 1
      const answer = answerTo(outcome.failure)
      const waitMs = backoffMs(context.backoff, attempts, outcome.roll, answer.kind === 'backOff' ? answer.atLeastMs : 0)
      return {
        waitMs,
        record: {
          ...outcome.record,
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
      return { record: { ...outcome.record, held, dueAtMs: null, failure: outcome.failure, changedAtMs: outcome.atMs } }
    }),
    /** Not an attempt: the reason lies outside the blob. */
    noteInterruption: assign(({ event }) => {
      const outcome = outcomeOf({ event })
      return outcome.isDone ? {} : { record: { ...outcome.record, failure: outcome.failure } }
    }),
    becomeFailed: assign(({ event }) => {
      const outcome = outcomeOf({ event })
      if (outcome.isDone) return {}
      return {
        record: {
          ...outcome.record,
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

/** What pending blobs have in common, whatever they wait for. */
const waiting = {
  queued: base.createStateConfig({
    description: 'Waits for one of the coordinator’s slots.',
    entry: { type: 'report', params: { phase: 'queued' } },
    on: { 'slot.granted': { target: 'transferring', actions: 'takeTurn' } },
  }),
  backingOff: base.createStateConfig({
    description: 'Waits, longer after each attempt, without a slot.',
    entry: { type: 'report', params: { phase: 'backingOff' } },
    after: { backoff: { target: 'queued', actions: 'forgetDueTime' } },
    on: {
      'blob.woken': { target: 'queued', actions: 'forgetDueTime' },
      'blob.retried': { target: 'queued', actions: 'forgetDueTime' },
    },
  }),
  held: base.createStateConfig({
    description: 'Kept out of the queue for the reason in the record.',
    entry: { type: 'report', params: { phase: 'held' } },
    on: { 'blob.retried': { guard: 'mayRetry', target: 'queued', actions: ['beginAgain', 'remember'] } },
  }),
}

const deciding = base.createStateConfig({
  description: 'Finds out whether the blob may go, must wait or is held.',
  always: [{ guard: 'isHeld', target: 'held' }, { guard: 'isWaiting', target: 'backingOff' }, { target: 'queued' }],
})

/**
 * The life of one blob. The actors `upload`, `download` and `erase` each run one whole attempt and write the record before
 * they resolve; `mark` writes the mark of a deletion. They are provided by whoever embeds the chart.
 */
export const blobMachine = base.createMachine({
  id: 'blob',
  description: 'The life of one blob on one device.',
  context: ({ input }) => ({ ...input, waitMs: 0 }),
  initial: 'remembering',
  on: {
    'blob.deleted': '.PENDING_DELETE',
    'blob.revised': { target: '.remembering', actions: 'takeRevision' },
    'blob.prioritised': { actions: ['takePriority', 'remember', { type: 'report', params: { phase: null } }] },
    'slot.granted': { actions: 'takeTurn' },
  },
  states: {
    remembering: {
      description: 'Goes to where the record says that the blob is; with a slot, right into its transfer.',
      always: [
        { guard: 'beginsUpload', target: 'PENDING_UPLOAD.transferring', actions: 'useSlot' },
        { guard: 'beginsDownload', target: 'PENDING_DOWNLOAD.transferring', actions: 'useSlot' },
        { guard: 'beginsErasing', target: 'PENDING_DELETE.transferring', actions: 'useSlot' },
        { guard: 'isSynced', target: 'SYNCED' },
        { guard: 'isFailed', target: 'FAILED_DOWNLOAD' },
        { guard: 'isUpload', target: 'PENDING_UPLOAD' },
        { guard: 'isDownload', target: 'PENDING_DOWNLOAD' },
        { target: 'PENDING_DELETE.deciding' },
      ],
    },
    SYNCED: {
      description: 'Here and on the remote.',
      entry: { type: 'report', params: { phase: 'resting' } },
    },
    FAILED_DOWNLOAD: {
      description: 'What came did not verify. Stays until the app asks for another try or deletes the blob.',
      entry: { type: 'report', params: { phase: 'resting' } },
      on: { 'blob.retried': { target: 'PENDING_DOWNLOAD', actions: ['beginAgain', 'remember'] } },
    },
    PENDING_UPLOAD: {
      description: 'Stored here; the remote does not hold it yet.',
      initial: 'deciding',
      states: {
        deciding,
        ...waiting,
        transferring: {
          description: 'Holds a slot while the remote takes the encrypted bytes.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'upload',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'isDone', target: '#blob.SYNCED', actions: 'takeRecord' },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
      },
    },
    PENDING_DOWNLOAD: {
      description: 'On the remote; not here yet, or the copy here is an older one.',
      initial: 'deciding',
      states: {
        deciding,
        ...waiting,
        transferring: {
          description: 'Holds a slot while the bytes come, are verified and stored.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'download',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'isDone', target: '#blob.SYNCED', actions: 'takeRecord' },
              { guard: 'hasFailed', target: '#blob.FAILED_DOWNLOAD', actions: ['becomeFailed', 'remember'] },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
      },
    },
    PENDING_DELETE: {
      description: 'Deleted here; the remote must still hear it, if it may ever have heard of the blob.',
      initial: 'marking',
      on: { 'blob.deleted': {} },
      states: {
        marking: {
          description: 'Writes the mark and drops the bytes; what the remote never heard of is gone with that.',
          entry: { type: 'report', params: { phase: 'marking' } },
          invoke: {
            src: 'mark',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'leftNothing', target: '#blob.DELETED', actions: 'takeRecord' },
              { guard: 'isDone', target: 'queued', actions: 'takeRecord' },
              { target: '#blob.remembering', actions: 'takeRecord' },
            ],
          },
        },
        deciding: {
          description: 'Finds out whether the remote has heard it, or must wait.',
          always: [
            { guard: 'isHeld', target: 'held' },
            { guard: 'isErased', target: 'confirming' },
            { guard: 'isWaiting', target: 'backingOff' },
            { target: 'queued' },
          ],
        },
        ...waiting,
        transferring: {
          description: 'Holds a slot while the remote deletes.',
          on: {
            'slot.revoked': 'queued',
            'blob.prioritised': { actions: ['takePriority', { type: 'report', params: { phase: null } }] },
          },
          invoke: {
            src: 'erase',
            input: ({ context }) => ({ record: context.record }),
            onDone: [
              { guard: 'leftNothing', target: '#blob.DELETED', actions: 'takeRecord' },
              { guard: 'isDone', target: 'confirming', actions: 'takeRecord' },
              { guard: 'mustBeHeld', target: 'held', actions: ['noteReason', 'remember'] },
              { guard: 'mustBackOff', target: 'backingOff', actions: ['noteFailure', 'remember'] },
              { target: 'queued', actions: 'noteInterruption' },
            ],
          },
        },
        confirming: {
          description: 'The remote says it is gone; the mark rests until a later list agrees.',
          entry: { type: 'report', params: { phase: 'resting' } },
        },
      },
    },
    DELETED: {
      description: 'Nothing is left of it here.',
      type: 'final',
      entry: 'reportGone',
    },
  },
})
