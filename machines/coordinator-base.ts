import { and, fromPromise, or, setup, stateIn, type EventObject } from 'xstate'
import type {
  CoordinatorContext,
  CoordinatorEmitted,
  CoordinatorEvent,
  CoordinatorInput,
  ListOutcome,
  RecallOutcome,
} from './coordinator-events'
import { roomIn } from './window'

/** The account is probed again this long after a 507, and the device this long after it was full. */
const QUOTA_PROBE_MS = 60_000

/** A 429 without a Retry-After slows everything this long. */
export const SLOWDOWN_MS = 10_000

/** What an invoked actor gave; asked only where its done event leads. */
export const outputOf = <Output>(event: EventObject): Output => {
  if ('output' in event) return event.output as Output
  throw new TypeError(`${event.type} carries no output`)
}

const never = <Output>() => fromPromise<Output>(() => new Promise(() => {}))

/** Whether the work of this device is this tab's. */
const leads = or([stateIn('#coordinator.leadership.alone'), stateIn('#coordinator.leadership.leader')])

/** The words of the coordinator's chart, but for its actions. */
export const base = setup({
  types: {
    input: {} as CoordinatorInput,
    context: {} as CoordinatorContext,
    events: {} as CoordinatorEvent,
    emitted: {} as CoordinatorEmitted,
  },
  actors: {
    recall: never<RecallOutcome>(),
    list: never<ListOutcome>(),
    refreshAccess: never<boolean>(),
    measureRoom: never<boolean>(),
  },
  delays: {
    quotaProbe: QUOTA_PROBE_MS,
    slowdown: ({ context }) => context.slowdownMs,
    listBackoff: ({ context }) => context.listWaitMs,
    /** Provided with a clock; without one, at once. */
    untilDue: 0,
  },
  guards: {
    hasFailed: ({ event }) => event.type === 'blob.moved' && event.failure !== null,
    /** A slot is free, or somebody looks at a blob that is not alive. */
    mayEnter: ({ context }) => {
      const { alone, batch } = roomIn(context)
      return alone || batch || context.roster.absent.size > 0
    },
    renewedAccess: ({ event }) => outputOf<boolean>(event),
    didRecall: ({ event }) => outputOf<RecallOutcome>(event).isDone,
    didList: ({ event }) => outputOf<ListOutcome>(event).isDone,
    mayList: and([leads, stateIn('#coordinator.connectivity.online'), stateIn('#coordinator.access.granted')]),
    leads,
    isShared: ({ context }) => context.isShared,
    mustList: and([leads, ({ context }) => context.isListWanted]),
    isTokenProven: ({ context }) => context.isTokenProven,
    goesOnline: ({ event }) => event.type === 'connectivity.changed' && event.isOnline,
    goesOffline: ({ event }) => event.type === 'connectivity.changed' && !event.isOnline,
    isOnline: stateIn('#coordinator.connectivity.online'),
    startsOnline: ({ context }) => context.isOnline,
    startsPaused: ({ context }) => context.isPaused,
    isOpen: and([
      leads,
      stateIn('#coordinator.connectivity.online'),
      stateIn('#coordinator.access.granted'),
      stateIn('#coordinator.pace.flowing'),
    ]),
    isPausedNow: stateIn('#coordinator.transfers.paused'),
    hasQuota: stateIn('#coordinator.quota.available'),
    probesQuota: stateIn('#coordinator.quota.probing'),
    isRoomy: stateIn('#coordinator.room.available'),
    makesRoom: ({ context }) => context.makesRoom,
    hasRoom: ({ event }) => outputOf<boolean>(event),
  },
})
