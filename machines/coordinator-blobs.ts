import { assertEvent } from 'xstate'
import { keyText } from '../src/model/ids'
import { DELAY_MS_MAX } from './backoff'
import { base, SLOWDOWN_MS } from './coordinator-base'
import { begin, stop, tell } from './coordinator-tells'
import { makeRoom, trim } from './window'

const CRASH_EVENT = 'xstate.error.actor.'

/** What blobs report, and what the app asks of them. */
export const blobActions = {
  takeIn: base.createAction(({ context, event }) => {
    assertEvent(event, ['blob.added', 'blob.wanted'])
    context.roster.learn(event.record)
    if (event.type === 'blob.wanted') context.roster.wanted.add(keyText(event.record))
  }),
  letGo: base.createAction(({ context, event }) => {
    assertEvent(event, 'blob.unwanted')
    context.roster.wanted.delete(keyText(event.key))
  }),
  observe: base.createAction(({ context: { roster }, event }) => {
    assertEvent(event, ['blob.observed', 'blob.unobserved'])
    const key = keyText(event.key)
    if (event.type === 'blob.observed') roster.observe(key)
    else roster.unobserve(key)
  }),
  /** Passes a command to the blob's actor, which comes to life for it. */
  command: base.enqueueActions(({ context, event, enqueue, self }) => {
    assertEvent(event, 'blob.commanded')
    const { roster, actors, backoff, verifyAttempts } = context
    const key = keyText(event.key)
    const record = roster.byText(key)
    if (record === undefined) return
    if (!roster.live.has(key)) {
      roster.setAside.delete(key)
      const { turn } = roster.enter(key, context.accessRound)
      enqueue(begin(actors.make(key, { record, turn, hasSlot: false, backoff, verifyAttempts }, self)))
    }
    const live = roster.live.get(key)
    if (live !== undefined) live.isCalled = true
    tell(enqueue, actors, key, event.command)
    // Comes after whatever the actor reports in answer.
    enqueue.sendTo(self, { type: 'blob.answered', key: event.key })
  }),
  /** Lets an actor go that is no longer asked for or looked at, and that has no work or no place in the window. */
  dismiss: base.enqueueActions(({ context: { roster, actors, liveActors }, event, enqueue }) => {
    assertEvent(event, ['blob.answered', 'blob.unobserved'])
    const key = keyText(event.key)
    const live = roster.live.get(key)
    if (live !== undefined && (trim(roster, key, live) || makeRoom(roster, key, live, liveActors))) stop(enqueue, actors, key)
  }),
  endCall: base.createAction(({ context, event }) => {
    assertEvent(event, 'blob.answered')
    const live = context.roster.live.get(keyText(event.key))
    if (live !== undefined) live.isCalled = false
  }),
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
    if (live !== undefined && trim(roster, key, live)) stop(enqueue, context.actors, key)
    if (event.failure === null) {
      const isThere = event.record.status === 'SYNCED' && before?.status !== 'SYNCED'
      if (wasTransferring && (isThere || event.record.erasedAtMs !== null)) {
        if (!context.isTokenProven && live?.accessRound === context.accessRound) enqueue.assign({ isTokenProven: true })
        if (isThere && before?.status === 'PENDING_UPLOAD' && check('probesQuota')) enqueue.raise({ type: 'quota.proven' })
      } else if (wasTransferring && phase === 'queued' && (event.record.upload?.sentBytes ?? 0) > 0 && check('probesQuota')) {
        // It leaves its slot between two parts: the remote has taken it in.
        enqueue.raise({ type: 'quota.proven' })
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
    context.roster.delete(event.record)
    stop(enqueue, context.actors, keyText(event.record))
    enqueue.emit({ type: 'blob.gone', record: event.record })
    enqueue.raise({ type: 'slots.shared' })
  }),
  /** XState stops the children of a snapshot with their parent, and knows nothing of these. */
  stopAll: base.enqueueActions(({ context: { actors }, enqueue }) => {
    for (const key of actors.keys()) stop(enqueue, actors, key)
  }),
  /** A crash is a bug in one blob's actor: it is reported, the blob set aside, its slot freed. */
  setAside: base.enqueueActions(({ context, event, enqueue }) => {
    const key = event.type.slice(CRASH_EVENT.length)
    const record = context.roster.byText(key)
    if (record === undefined) return
    context.roster.setAside.add(key)
    context.roster.leave(key)
    context.actors.take(key)
    enqueue.emit({ type: 'blob.crashed', record, error: 'error' in event ? event.error : undefined })
    enqueue.raise({ type: 'slots.shared' })
  }),
}
