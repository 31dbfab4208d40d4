import { and, assertEvent, fromPromise, setup, stateIn, type EventObject } from 'xstate'
import { failure, type Failure } from '../src/model/failure'
import { keyText, type BlobKey } from '../src/model/ids'
import type { Listed } from '../src/model/outcome'
import type { BlobRecord } from '../src/model/record'
import { backoffMs, DELAY_MS_MAX, type BackoffPlan } from './backoff'
import { blobMachine, type BlobEvent, type BlobPhase, type BlobReport } from './blob'
import type { Roster } from './roster'
import { batchSlotsOf, makeRoom, roomIn, shareOut, trim, type Gates } from './window'

export interface CoordinatorInput {
  readonly transfers: number
  readonly liveActors: number
  readonly backoff: BackoffPlan
  readonly verifyAttempts: number
  readonly isOnline: boolean
  readonly isPaused: boolean
  readonly roster: Roster
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
  | { readonly isDone: true; readonly records: readonly BlobRecord[] }
  | { readonly isDone: false; readonly failure: Failure }

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
  | { readonly type: 'pace.exceeded' }
  | { readonly type: 'alarm.rang'; readonly dueAtMs: number }
  | { readonly type: 'slots.shared' }
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
  | { readonly type: 'recall.failed'; readonly failure: Failure }
  | { readonly type: 'remote.compared'; readonly comparison: Comparison }
  | { readonly type: 'list.failed'; readonly failure: Failure }

/** The account is probed again this long after a 507. */
const QUOTA_PROBE_MS = 60_000

/** A 429 without a Retry-After slows everything this long. */
const SLOWDOWN_MS = 10_000

const CRASH_EVENT = 'xstate.error.actor.'

/** What an invoked actor gave; asked only where its done event leads. */
const outputOf = <Output>(event: EventObject): Output => {
  if ('output' in event) return event.output as Output
  throw new TypeError(`${event.type} carries no output`)
}

const crashOf = (tag: 'Corrupt' | 'StorageBroken', event: EventObject): Failure =>
  failure(tag, `A bug: ${'error' in event ? String(event.error) : event.type}`)

const afterListFailure = ({ listAttempts, backoff }: CoordinatorContext, reason: Failure, roll: number) => {
  const atLeastMs = reason._tag === 'Throttled' ? (reason.retryAfterMs ?? 0) : 0
  const attempts = listAttempts + 1
  return { listAttempts: attempts, listFailure: reason, listWaitMs: backoffMs(backoff, attempts, roll, atLeastMs) }
}

const never = <Output>() => fromPromise<Output>(() => new Promise(() => {}))

const base = setup({
  types: {
    input: {} as CoordinatorInput,
    context: {} as CoordinatorContext,
    events: {} as CoordinatorEvent,
    emitted: {} as CoordinatorEmitted,
  },
  actors: {
    blob: blobMachine,
    recall: never<RecallOutcome>(),
    list: never<ListOutcome>(),
    refreshAccess: never<boolean>(),
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
    mayList: and([stateIn('#coordinator.connectivity.online'), stateIn('#coordinator.access.granted')]),
    isListWanted: ({ context }) => context.isListWanted,
    isTokenProven: ({ context }) => context.isTokenProven,
    goesOnline: ({ event }) => event.type === 'connectivity.changed' && event.isOnline,
    goesOffline: ({ event }) => event.type === 'connectivity.changed' && !event.isOnline,
    isOnline: stateIn('#coordinator.connectivity.online'),
    startsOnline: ({ context }) => context.isOnline,
    startsPaused: ({ context }) => context.isPaused,
    isOpen: and([
      stateIn('#coordinator.connectivity.online'),
      stateIn('#coordinator.access.granted'),
      stateIn('#coordinator.pace.flowing'),
    ]),
    isPausedNow: stateIn('#coordinator.transfers.paused'),
    hasQuota: stateIn('#coordinator.quota.available'),
    probesQuota: stateIn('#coordinator.quota.probing'),
    isFull: stateIn('#coordinator.room.full'),
  },
})

/**
 * Supervises the blobs' actors: who lives, who holds a slot, when the remote is listed, and what holds for all of them at
 * once. `recall`, `list` and `refreshAccess` are provided by whoever embeds the chart, and so are the blob chart's actors.
 */
export const coordinatorMachine = base
  .extend({
    actions: {
      tellRenewal: base.raise({ type: 'access.renewed' }),
      share: base.raise({ type: 'slots.shared' }),
      shareOut: base.enqueueActions(({ context, enqueue, check }) => {
        const { roster } = context
        const isOpen = check('isOpen')
        const gates: Gates = {
          isOpen,
          isOnline: isOpen || check('isOnline'),
          isPaused: check('isPausedNow'),
          uploads: check('hasQuota') ? 'all' : check('probesQuota') ? 'one' : 'none',
          isFull: check('isFull'),
        }
        for (const move of shareOut(context, gates)) {
          switch (move.kind) {
            case 'enter':
              enqueue.spawnChild('blob', {
                id: move.key,
                input: {
                  record: move.record,
                  turn: move.turn,
                  hasSlot: move.hasSlot,
                  backoff: context.backoff,
                  verifyAttempts: context.verifyAttempts,
                },
              })
              break
            case 'leave':
              enqueue.stopChild(move.key)
              break
            case 'grant':
              enqueue.sendTo(move.key, { type: 'slot.granted', turn: move.turn })
              break
          }
          if (move.kind !== 'leave' && move.hasSlot) {
            enqueue.emit({ type: 'blob.moved', record: move.record, before: move.record, phase: 'transferring', failure: null })
          }
        }
        const earliest = isOpen ? roster.earliestDueMs() : null
        if (earliest !== context.alarmAtMs) {
          enqueue.cancel('alarm')
          enqueue.assign({ alarmAtMs: earliest })
          if (earliest !== null) enqueue.raise({ type: 'alarm.rang', dueAtMs: earliest }, { id: 'alarm', delay: 'untilDue' })
        }
      }),
      takeIn: ({ context, event }) => {
        assertEvent(event, ['blob.added', 'blob.wanted'])
        context.roster.set(event.record)
        if (event.type === 'blob.wanted') context.roster.wanted.add(keyText(event.record))
      },
      letGo: ({ context, event }) => {
        assertEvent(event, 'blob.unwanted')
        context.roster.wanted.delete(keyText(event.key))
      },
      observe: ({ context: { roster }, event }) => {
        assertEvent(event, ['blob.observed', 'blob.unobserved'])
        const key = keyText(event.key)
        if (event.type === 'blob.observed') roster.observe(key)
        else roster.unobserve(key)
      },
      /** Passes a command to the blob's actor, which comes to life for it. */
      command: base.enqueueActions(({ context, event, enqueue, self }) => {
        assertEvent(event, 'blob.commanded')
        const { roster } = context
        const key = keyText(event.key)
        const record = roster.byText(key)
        if (record === undefined) return
        if (!roster.live.has(key)) {
          roster.setAside.delete(key)
          const { turn } = roster.enter(key, context.accessRound)
          enqueue.spawnChild('blob', {
            id: key,
            input: { record, turn, hasSlot: false, backoff: context.backoff, verifyAttempts: context.verifyAttempts },
          })
        }
        const live = roster.live.get(key)
        if (live !== undefined) live.isCalled = true
        enqueue.sendTo(key, event.command)
        // Comes after whatever the actor reports in answer.
        enqueue.sendTo(self, { type: 'blob.answered', key: event.key })
      }),
      /** Lets an actor go that is no longer asked for or looked at, and that has no work or no place in the window. */
      dismiss: base.enqueueActions(({ context: { roster, liveActors }, event, enqueue }) => {
        assertEvent(event, ['blob.answered', 'blob.unobserved'])
        const key = keyText(event.key)
        const live = roster.live.get(key)
        if (live !== undefined && (trim(roster, key, live) || makeRoom(roster, key, live, liveActors))) enqueue.stopChild(key)
      }),
      endCall: ({ context, event }) => {
        assertEvent(event, 'blob.answered')
        const live = context.roster.live.get(keyText(event.key))
        if (live !== undefined) live.isCalled = false
      },
      /** Takes in where a blob is; what its failure means for all is raised. */
      followBlob: base.enqueueActions(({ context, event, enqueue, check }) => {
        assertEvent(event, 'blob.moved')
        const { roster } = context
        const key = keyText(event.record)
        const live = roster.live.get(key)
        const wasTransferring = live?.phase === 'transferring'
        // It was sent before the slot was granted, or by an actor that has left.
        const isOld = live === undefined || (event.phase === 'queued' && event.turn < live.turn)
        const present = live === undefined || live.phase === 'entering' ? 'resting' : live.phase
        const phase = isOld ? present : (event.phase ?? present)
        if (live !== undefined && !isOld) {
          const hasRested = live.phase !== 'entering' && live.phase !== 'queued' && !wasTransferring
          if (phase === 'queued' && hasRested) roster.orderAgain(live)
          roster.move(key, live, phase)
        }
        const before = roster.byText(key)
        roster.set(event.record)
        enqueue.emit({ type: 'blob.moved', record: event.record, phase, failure: event.failure, before })
        if (phase === 'resting') roster.wanted.delete(key)
        if (live !== undefined && trim(roster, key, live)) enqueue.stopChild(key)
        if (event.failure === null) {
          const isThere = event.record.status === 'SYNCED' && before?.status !== 'SYNCED'
          if (wasTransferring && (isThere || event.record.erasedAtMs !== null)) {
            if (!context.isTokenProven && live?.accessRound === context.accessRound) enqueue.assign({ isTokenProven: true })
            if (isThere && before?.status === 'PENDING_UPLOAD' && check('probesQuota')) enqueue.raise({ type: 'quota.proven' })
          }
        } else {
          switch (event.failure._tag) {
            case 'Unauthorized':
              if (live?.accessRound === context.accessRound) enqueue.raise({ type: 'access.refused' })
              break
            case 'QuotaExceeded':
              enqueue.raise({ type: 'quota.exceeded' })
              break
            case 'StorageFull':
              enqueue.raise({ type: 'storage.filled' })
              break
            case 'Throttled':
              if (event.failure.all) {
                const slowdownMs = Math.min(event.failure.retryAfterMs ?? SLOWDOWN_MS, DELAY_MS_MAX)
                const slowUntilMs = event.record.changedAtMs + slowdownMs
                if (slowUntilMs <= context.slowUntilMs) break
                enqueue.assign({ slowdownMs, slowUntilMs })
                enqueue.raise({ type: 'pace.exceeded' })
              }
              break
            case 'NotFound':
              // The list tells whether it was deleted meanwhile; an answer to `get` needs none.
              if (!roster.wanted.has(key)) enqueue.raise({ type: 'sync.requested' })
              break
            default:
              break
          }
        }
      }),
      forgetBlob: base.enqueueActions(({ context, event, enqueue }) => {
        assertEvent(event, 'blob.gone')
        const key = keyText(event.record)
        context.roster.delete(event.record)
        enqueue.stopChild(key)
        enqueue.emit({ type: 'blob.gone', record: event.record })
        enqueue.raise({ type: 'slots.shared' })
      }),
      /** A crash is a bug in one blob's actor: it is reported, the blob set aside, its slot freed. */
      setAside: base.enqueueActions(({ context, event, enqueue }) => {
        const key = event.type.slice(CRASH_EVENT.length)
        const record = context.roster.byText(key)
        if (record === undefined) return
        context.roster.setAside.add(key)
        context.roster.leave(key)
        enqueue.stopChild(key)
        enqueue.emit({ type: 'blob.crashed', record, error: 'error' in event ? event.error : undefined })
        enqueue.raise({ type: 'slots.shared' })
      }),
      revokeSlots: base.enqueueActions(({ context: { roster }, enqueue }) => {
        for (const key of roster.inPhase.transferring) {
          if (!roster.wanted.has(key)) enqueue.sendTo(key, { type: 'slot.revoked' })
        }
      }),
      /** Everything that backs off becomes ready, what was due first in front. */
      wakeAll: base.enqueueActions(({ context: { roster }, enqueue }) => {
        roster.promoteAll()
        for (const key of roster.inPhase.backingOff) enqueue.sendTo(key, { type: 'blob.woken' })
      }),
      promoteDue: base.enqueueActions(({ context, event, enqueue }) => {
        assertEvent(event, 'alarm.rang')
        context.roster.promote(event.dueAtMs)
        enqueue.assign({ alarmAtMs: null })
      }),
      reportBroken: base.enqueueActions(({ event, enqueue }) => {
        const outcome = outputOf<RecallOutcome>(event)
        if (!outcome.isDone) enqueue.emit({ type: 'recall.failed', failure: outcome.failure })
      }),
      takeBatches: base.assign({ batchSlots: ({ context }) => batchSlotsOf(context.transfers) }),
      wantList: base.assign({ isListWanted: true }),
      listNow: base.assign({ isListWanted: false, listAccessRound: ({ context }) => context.accessRound }),
      takeRecords: base.enqueueActions(({ context, event, enqueue }) => {
        const outcome = outputOf<RecallOutcome>(event)
        if (!outcome.isDone) return
        for (const record of outcome.records) context.roster.set(record)
        enqueue.emit({ type: 'records.recalled' })
        enqueue.raise({ type: 'slots.shared' })
      }),
      takeComparison: base.enqueueActions(({ context, event, enqueue }) => {
        const outcome = outputOf<ListOutcome>(event)
        if (!outcome.isDone) return
        const { comparison } = outcome
        const { roster } = context
        for (const record of comparison.changed) {
          const key = keyText(record)
          if (roster.live.has(key)) enqueue.sendTo(key, { type: 'blob.revised', record })
          roster.set(record)
        }
        for (const record of comparison.gone) {
          const key = keyText(record)
          if (roster.live.has(key)) enqueue.stopChild(key)
          roster.delete(record)
          enqueue.emit({ type: 'blob.gone', record })
        }
        enqueue.assign({
          listAttempts: 0,
          listFailure: null,
          isTokenProven: context.isTokenProven || context.listAccessRound === context.accessRound,
        })
        enqueue.emit({ type: 'remote.compared', comparison })
        enqueue.raise({ type: 'slots.shared' })
      }),
      noteListFailure: base.enqueueActions(({ context, event, enqueue }) => {
        const outcome = outputOf<ListOutcome>(event)
        if (outcome.isDone) return
        const { failure } = outcome
        if (failure._tag === 'Unauthorized' && context.listAccessRound !== context.accessRound) {
          // The token was renewed meanwhile: what the old one met says nothing.
          enqueue.raise({ type: 'sync.requested' })
          return
        }
        enqueue.assign(afterListFailure(context, failure, outcome.roll))
        enqueue.emit({ type: 'list.failed', failure })
        if (failure._tag === 'Unauthorized') enqueue.raise({ type: 'access.refused' })
      }),
      /** A bug in what lists, or in the remote: told as the list's failure, and tried again like one. */
      noteListCrash: base.enqueueActions(({ context, event, enqueue }) => {
        const reason = crashOf('Corrupt', event)
        enqueue.assign(afterListFailure(context, reason, 0))
        enqueue.emit({ type: 'list.failed', failure: reason })
      }),
      reportRecallCrash: base.emit(({ event }) => ({ type: 'recall.failed', failure: crashOf('StorageBroken', event) })),
      /** The app vouches for the token: only once it is refused again is another asked for. */
      trustAgain: base.assign({ accessRound: ({ context }) => context.accessRound + 1, isTokenProven: true }),
      renewAccess: base.assign({ accessRound: ({ context }) => context.accessRound + 1, isTokenProven: false }),
    },
  })
  .createMachine({
    id: 'coordinator',
    description: 'Supervises the actors of all blobs of one device.',
    context: ({ input }) => ({
      ...input,
      batchSlots: 0,
      alarmAtMs: null,
      accessRound: 0,
      isTokenProven: true,
      listAttempts: 0,
      isListWanted: false,
      listFailure: null,
      listWaitMs: 0,
      slowdownMs: SLOWDOWN_MS,
      slowUntilMs: 0,
      listAccessRound: 0,
    }),
    type: 'parallel',
    on: {
      'slots.shared': { actions: 'shareOut' },
      'blob.added': [{ guard: 'mayEnter', actions: ['takeIn', 'shareOut'] }, { actions: 'takeIn' }],
      'batches.offered': { actions: ['takeBatches', 'share'] },
      'blob.wanted': { actions: ['takeIn', 'shareOut'] },
      'blob.unwanted': { actions: ['letGo', 'shareOut'] },
      'blob.observed': { actions: ['observe', 'shareOut'] },
      'blob.unobserved': { actions: ['observe', 'dismiss', 'shareOut'] },
      'blob.commanded': { actions: 'command' },
      'blob.answered': { actions: ['endCall', 'dismiss', 'shareOut'] },
      'blob.moved': [{ guard: 'hasFailed', actions: ['followBlob', 'share'] }, { actions: ['followBlob', 'shareOut'] }],
      'blob.gone': { actions: 'forgetBlob' },
      'backoff.waived': { actions: ['wakeAll', 'shareOut'] },
      'alarm.rang': { actions: ['promoteDue', 'shareOut'] },
      'xstate.error.actor.*': { actions: 'setAside' },
    },
    states: {
      connectivity: {
        description: 'Whether the device believes to be online.',
        initial: 'deciding',
        states: {
          deciding: {
            description: 'Begins as the device says.',
            always: [{ guard: 'startsOnline', target: 'online' }, { target: 'offline' }],
          },
          online: {
            description: 'Transfers may start.',
            on: { 'connectivity.changed': { guard: 'goesOffline', target: 'offline', actions: 'share' } },
          },
          offline: {
            description: 'No transfer starts and no blob has a timer.',
            on: { 'connectivity.changed': { guard: 'goesOnline', target: 'online', actions: ['wakeAll', 'share'] } },
          },
        },
      },
      access: {
        description: 'Whether the remote takes the token.',
        initial: 'granted',
        states: {
          granted: {
            description: 'The token is good, as far as is known.',
            on: {
              'access.refused': [{ guard: 'isTokenProven', target: 'refreshing' }, { target: 'denied' }],
            },
          },
          refreshing: {
            description: 'The app is asked for a new token, once for all.',
            invoke: {
              src: 'refreshAccess',
              onError: 'denied',
              onDone: [
                {
                  guard: 'renewedAccess',
                  target: 'granted',
                  actions: ['renewAccess', 'tellRenewal', 'share'],
                },
                { target: 'denied' },
              ],
            },
          },
          denied: {
            description: 'No transfer starts until the app resumes.',
            on: { 'sync.resumed': { target: 'granted', actions: ['trustAgain', 'tellRenewal', 'share'] } },
          },
        },
      },
      reconciliation: {
        description: 'Compares the list of the remote with the records.',
        initial: 'recalling',
        states: {
          recalling: {
            description: 'Reads the records that the store holds.',
            on: { 'sync.requested': { actions: 'wantList' } },
            invoke: {
              src: 'recall',
              onError: { target: 'broken', actions: 'reportRecallCrash' },
              onDone: [
                {
                  guard: 'didRecall',
                  target: 'idle',
                  actions: 'takeRecords',
                },
                {
                  target: 'broken',
                  actions: 'reportBroken',
                },
              ],
            },
          },
          broken: { description: 'The store cannot be opened; nothing can be done.' },
          idle: {
            description: 'Waits to be asked.',
            always: { guard: 'isListWanted', target: 'listing' },
            on: { 'sync.requested': 'listing' },
          },
          listing: {
            description: 'Lists the remote, compares, and writes what follows.',
            entry: 'listNow',
            on: { 'sync.requested': { actions: 'wantList' } },
            invoke: {
              src: 'list',
              onError: { target: 'backingOff', actions: 'noteListCrash' },
              onDone: [
                {
                  guard: 'didList',
                  target: 'idle',
                  actions: 'takeComparison',
                },
                {
                  target: 'backingOff',
                  actions: 'noteListFailure',
                },
              ],
            },
          },
          backingOff: {
            description: 'The list could not be read; waits, longer after each attempt.',
            after: { listBackoff: { guard: 'mayList', target: 'listing' } },
            on: {
              'sync.requested': 'listing',
              'access.renewed': 'listing',
              'connectivity.changed': { guard: 'goesOnline', target: 'listing' },
            },
          },
        },
      },
      transfers: {
        description: 'Whether the app wants transfers.',
        initial: 'deciding',
        states: {
          deciding: {
            description: 'Begins as the options say.',
            always: [{ guard: 'startsPaused', target: 'paused' }, { target: 'running' }],
          },
          running: {
            description: 'Transfers start as slots are free.',
            on: { 'sync.paused': { target: 'paused', actions: ['revokeSlots', 'share'] } },
          },
          paused: {
            description: 'Only what the app asked for by `get` is transferred.',
            on: { 'sync.resumed': { target: 'running', actions: 'share' } },
          },
        },
      },
      quota: {
        description: 'Whether the account has room.',
        initial: 'available',
        states: {
          available: {
            description: 'Uploads may start.',
            on: { 'quota.exceeded': 'exhausted' },
          },
          exhausted: {
            description: 'The account is full: uploads wait, downloads go on.',
            after: { quotaProbe: { target: 'probing', actions: 'share' } },
            on: { 'sync.resumed': { target: 'probing', actions: 'share' } },
          },
          probing: {
            description: 'One upload finds out whether there is room again.',
            on: { 'quota.exceeded': 'exhausted', 'quota.proven': { target: 'available', actions: 'share' } },
          },
        },
      },
      room: {
        description: 'Whether this device has room.',
        initial: 'available',
        states: {
          available: { description: 'Downloads may start.', on: { 'storage.filled': 'full' } },
          full: {
            description: 'Downloads wait; what is stored stays.',
            after: { quotaProbe: { target: 'available', actions: 'share' } },
            on: { 'sync.resumed': { target: 'available', actions: 'share' } },
          },
        },
      },
      pace: {
        description: 'Whether the remote asked for less.',
        initial: 'flowing',
        states: {
          flowing: { description: 'Transfers may start.', on: { 'pace.exceeded': 'slowed' } },
          slowed: {
            description: 'No transfer starts for as long as the remote asked.',
            after: { slowdown: { target: 'flowing', actions: 'share' } },
            on: { 'pace.exceeded': { target: 'slowed', reenter: true } },
          },
        },
      },
    },
  })
