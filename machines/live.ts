import { assign, fromPromise, setup, type EventObject } from 'xstate'
import type { Failure } from '../src/model/failure'
import { backoffMs, type BackoffPlan } from './backoff'

export interface LiveInput {
  /** How long it waits, where the remote has no feed, before it lists again; longer each time that nothing was new. In milliseconds. */
  readonly pollMs: number
  readonly backoff: BackoffPlan
  /** Online, shown, with access, not paused, and compared once. */
  readonly isOpen: boolean
}

export interface LiveContext extends LiveInput {
  readonly attempts: number
  readonly waitMs: number
  /** How many times in a row nothing was new. */
  readonly quiet: number
  /** How many times in a row the remote did not wait as long as it was asked to. */
  readonly early: number
}

export type LiveEvent =
  | { readonly type: 'live.opened' }
  | { readonly type: 'live.shut' }
  /** The app wants no more of it. */
  | { readonly type: 'live.stopped' }
  /** A comparison is over. `hasMoved`: it has taken in something new. */
  | { readonly type: 'live.compared'; readonly hasMoved: boolean }

export type WaitOutcome =
  /** `early`: nothing, and the remote did not wait for it. */
  | { readonly kind: 'changed' | 'nothing' | 'early' }
  /** There is no feed to wait for. */
  | { readonly kind: 'noFeed' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly roll: number }

const outputOf = (event: EventObject): WaitOutcome => {
  if ('output' in event) return event.output as WaitOutcome
  throw new TypeError(`${event.type} carries no output`)
}

/** Changes that come at once are taken in together. */
const GAP_MS = 250
const EARLY_MS = 1_000
const EARLY_MS_MAX = 60_000
/** The longest pause between two lists is this many times the shortest. */
const DOUBLINGS_MAX = 4

/**
 * Keeps a device up to date: waits for changes with one open request, or lists now and then where the remote has no feed. `wait` and `requestSync` are
 * provided by whoever embeds the chart.
 */
export const liveMachine = setup({
  types: { input: {} as LiveInput, context: {} as LiveContext, events: {} as LiveEvent },
  actors: { wait: fromPromise<WaitOutcome>(() => new Promise(() => {})) },
  delays: {
    gap: GAP_MS,
    poll: ({ context }) => context.pollMs * 2 ** Math.min(context.quiet, DOUBLINGS_MAX),
    pause: ({ context }) => Math.min(EARLY_MS * 2 ** Math.min(context.early, 6), EARLY_MS_MAX),
    backoff: ({ context }) => context.waitMs,
  },
  guards: {
    startsOpen: ({ context }) => context.isOpen,
    hasChanged: ({ event }) => outputOf(event).kind === 'changed',
    isQuiet: ({ event }) => outputOf(event).kind === 'nothing',
    isEarly: ({ event }) => outputOf(event).kind === 'early',
    hasNoFeed: ({ event }) => outputOf(event).kind === 'noFeed',
    hasMoved: ({ event }) => event.type === 'live.compared' && event.hasMoved,
  },
  actions: {
    requestSync: () => {},
    noteNews: assign(({ context, event }) => ({
      quiet: event.type === 'live.compared' && !event.hasMoved ? context.quiet + 1 : 0,
    })),
    noteAnswer: assign({ attempts: 0, early: 0 }),
    noteEarly: assign({ attempts: 0, early: ({ context }) => context.early + 1 }),
    noteFailure: assign(({ context, event }) => {
      const outcome = outputOf(event)
      if (outcome.kind !== 'failed') return {}
      const attempts = context.attempts + 1
      const atLeastMs = outcome.failure._tag === 'Throttled' ? (outcome.failure.retryAfterMs ?? 0) : 0
      return { attempts, waitMs: backoffMs(context.backoff, attempts, outcome.roll, atLeastMs) }
    }),
  },
}).createMachine({
  id: 'live',
  description: 'Keeps a device up to date while somebody may look at it.',
  context: ({ input }) => ({ ...input, attempts: 0, waitMs: 0, quiet: 0, early: 0 }),
  initial: 'deciding',
  on: { 'live.shut': '.shut', 'live.stopped': '.stopped' },
  states: {
    deciding: {
      description: 'Begins as the device says.',
      always: [{ guard: 'startsOpen', target: 'waiting' }, { target: 'shut' }],
    },
    shut: {
      description: 'Offline, hidden, paused or without access: nothing is asked for.',
      on: { 'live.opened': 'waiting' },
    },
    waiting: {
      description: 'The remote answers once something has changed.',
      invoke: {
        src: 'wait',
        onError: { target: 'polling' },
        onDone: [
          { guard: 'hasChanged', target: 'comparing', actions: 'noteAnswer' },
          { guard: 'isQuiet', target: 'waiting', reenter: true, actions: 'noteAnswer' },
          { guard: 'isEarly', target: 'pausing', actions: 'noteEarly' },
          { guard: 'hasNoFeed', target: 'polling' },
          { target: 'backingOff', actions: 'noteFailure' },
        ],
      },
      on: { 'live.compared': { guard: 'hasMoved', target: 'waiting', reenter: true } },
    },
    comparing: {
      description: 'What has changed is taken in.',
      entry: 'requestSync',
      on: { 'live.compared': { target: 'gathering', actions: 'noteNews' } },
    },
    gathering: {
      description: 'Lets what comes at once come together.',
      after: { gap: 'waiting' },
    },
    pausing: {
      description: 'The remote lets nobody wait at this moment.',
      after: { pause: 'waiting' },
    },
    polling: {
      description: 'There is nothing to wait for: compares after a while.',
      after: { poll: 'comparing' },
      on: { 'live.compared': { target: 'polling', reenter: true, actions: 'noteNews' } },
    },
    stopped: { description: 'The app wants no more of it.', type: 'final' },
    backingOff: {
      description: 'The remote failed; waits, longer after each attempt.',
      after: { backoff: 'waiting' },
    },
  },
})
