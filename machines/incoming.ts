import { assign, fromPromise, setup, type EventObject } from 'xstate'
import type { BlobId } from '../src/model/ids'
import type { Failure } from '../src/model/failure'
import { backoffMs, type BackoffPlan } from './backoff'

export interface IncomingInput {
  /** How long it waits before it looks again, in milliseconds. */
  readonly pollMs: number
  readonly backoff: BackoffPlan
  /** Online, with access and not paused. */
  readonly isOpen: boolean
}

export interface IncomingContext extends IncomingInput {
  /** Found, and not handled yet; the oldest first. */
  readonly ids: readonly BlobId[]
  /** Whether more were found than are kept here. */
  readonly hasMore: boolean
  /** Whether what was begun and not ended was looked for. */
  readonly hasRecovered: boolean
  readonly attempts: number
  readonly waitMs: number
  readonly lastFailure: Failure | null
}

export type IncomingEvent =
  /** The app wants it to look now. */
  | { readonly type: 'incoming.checked' }
  /** The remote can be reached again, or no longer. */
  | { readonly type: 'incoming.opened' }
  | { readonly type: 'incoming.shut' }
  /** The app wants no more of it. */
  | { readonly type: 'incoming.stopped' }

export type IncomingListOutcome =
  | { readonly isDone: true; readonly ids: readonly BlobId[]; readonly hasMore: boolean }
  | { readonly isDone: false; readonly failure: Failure; readonly roll: number }

/** Of one blob: that its own processing failed is an end as well; a failure here is one of the remote. */
export type IncomingOutcome =
  | { readonly isDone: true }
  | { readonly isDone: false; readonly failure: Failure; readonly roll: number }

const outputOf = <Output>(event: EventObject): Output => {
  if ('output' in event) return event.output as Output
  throw new TypeError(`${event.type} carries no output`)
}

const never = <Output, Input>() => fromPromise<Output, Input>(() => new Promise(() => {}))

/**
 * Empties the incoming box: lists what is pending, and handles one blob after the other. `list` and `receive` are provided by whoever
 * embeds the chart; `receive` runs the whole way of one blob.
 */
export const incomingMachine = setup({
  types: {
    input: {} as IncomingInput,
    context: {} as IncomingContext,
    events: {} as IncomingEvent,
  },
  actors: {
    list: never<IncomingListOutcome, { readonly recovers: boolean }>(),
    receive: never<IncomingOutcome, { readonly id: BlobId | undefined }>(),
  },
  delays: {
    poll: ({ context }) => context.pollMs,
    backoff: ({ context }) => context.waitMs,
  },
  guards: {
    startsOpen: ({ context }) => context.isOpen,
    isDone: ({ event }) => outputOf<IncomingListOutcome | IncomingOutcome>(event).isDone,
    isEmpty: ({ context }) => context.ids.length === 0 && !context.hasMore,
    isUsedUp: ({ context }) => context.ids.length === 0,
  },
  actions: {
    takeIds: assign(({ event }) => {
      const outcome = outputOf<IncomingListOutcome>(event)
      return outcome.isDone
        ? { ids: outcome.ids, hasMore: outcome.hasMore, hasRecovered: true, attempts: 0, lastFailure: null }
        : {}
    }),
    dropFirst: assign({ ids: ({ context }) => context.ids.slice(1), attempts: 0, lastFailure: null }),
    /** What was begun is looked for again by the next listing. */
    breakOff: assign({ ids: [], hasMore: false, hasRecovered: false }),
    noteFailure: assign(({ context, event }) => {
      const outcome = outputOf<IncomingListOutcome | IncomingOutcome>(event)
      if (outcome.isDone) return {}
      const attempts = context.attempts + 1
      const atLeastMs = outcome.failure._tag === 'Throttled' ? (outcome.failure.retryAfterMs ?? 0) : 0
      const waitMs = backoffMs(context.backoff, attempts, outcome.roll, atLeastMs)
      return { attempts, waitMs, lastFailure: outcome.failure, ids: [], hasMore: false, hasRecovered: false }
    }),
  },
}).createMachine({
  id: 'incoming',
  description: 'Empties the incoming box of one namespace.',
  context: ({ input }) => ({ ...input, ids: [], hasMore: false, hasRecovered: false, attempts: 0, waitMs: 0, lastFailure: null }),
  initial: 'deciding',
  on: { 'incoming.shut': { target: '.shut', actions: 'breakOff' }, 'incoming.stopped': '.stopped' },
  states: {
    deciding: {
      description: 'Begins as the device says.',
      always: [{ guard: 'startsOpen', target: 'listing' }, { target: 'shut' }],
    },
    shut: {
      description: 'Offline, paused or without access: nothing is asked for.',
      on: { 'incoming.opened': 'listing' },
    },
    listing: {
      description: 'Asks for what is pending, and for what was begun and not ended.',
      invoke: {
        src: 'list',
        input: ({ context }) => ({ recovers: !context.hasRecovered }),
        onDone: [
          { guard: 'isDone', target: 'choosing', actions: 'takeIds' },
          { target: 'backingOff', actions: 'noteFailure' },
        ],
      },
    },
    choosing: {
      description: 'Takes the oldest one.',
      always: [{ guard: 'isEmpty', target: 'waiting' }, { guard: 'isUsedUp', target: 'listing' }, { target: 'receiving' }],
    },
    receiving: {
      description: 'Marks one blob, fetches it, lets the app process and save it, and deletes it.',
      invoke: {
        src: 'receive',
        input: ({ context }) => ({ id: context.ids[0] }),
        onDone: [
          { guard: 'isDone', target: 'choosing', actions: 'dropFirst' },
          { target: 'backingOff', actions: 'noteFailure' },
        ],
      },
    },
    waiting: {
      description: 'The box is empty; looks again after a while.',
      after: { poll: 'listing' },
      on: { 'incoming.checked': 'listing' },
    },
    stopped: { description: 'The app wants no more of it.', type: 'final' },
    backingOff: {
      description: 'The remote failed; waits, longer after each attempt.',
      after: { backoff: 'listing' },
      on: { 'incoming.checked': 'listing' },
    },
  },
})
