import { assertEvent } from 'xstate'
import { base } from './coordinator-base'
import { begin, stop, tell } from './coordinator-tells'
import type { Gates } from './roster'
import { batchSlotsOf, shareOut } from './window'

/** Who lives and who holds a slot. */
export const shareActions = {
  share: base.raise({ type: 'slots.shared' }),
  shareOut: base.enqueueActions(({ context, enqueue, check, self }) => {
    const { roster, actors, backoff, verifyAttempts } = context
    const isOpen = check('isOpen')
    const gates: Gates = {
      isOpen,
      isOnline: isOpen || (check('isOnline') && check('leads')),
      isPaused: check('isPausedNow'),
      uploads: check('hasQuota') ? 'all' : check('probesQuota') ? 'one' : 'none',
      isFull: !check('isRoomy'),
    }
    for (const move of shareOut(context, gates)) {
      switch (move.kind) {
        case 'enter':
          enqueue(
            begin(
              actors.make(
                move.key,
                { record: move.record, turn: move.turn, hasSlot: move.hasSlot, backoff, verifyAttempts },
                self,
              ),
            ),
          )
          break
        case 'leave':
          stop(enqueue, actors, move.key)
          break
        case 'grant':
          tell(enqueue, actors, move.key, { type: 'slot.granted', turn: move.turn })
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
  revokeSlots: base.enqueueActions(({ context: { roster, actors }, enqueue }) => {
    for (const key of roster.inPhase.transferring) {
      if (!roster.wanted.has(key)) tell(enqueue, actors, key, { type: 'slot.revoked' })
    }
  }),
  /** Everything that backs off becomes ready, what was due first in front. */
  wakeAll: base.enqueueActions(({ context: { roster, actors }, enqueue }) => {
    roster.promoteAll()
    for (const key of roster.inPhase.backingOff) tell(enqueue, actors, key, { type: 'blob.woken' })
  }),
  promoteDue: base.enqueueActions(({ context, event, enqueue }) => {
    assertEvent(event, 'alarm.rang')
    context.roster.promote(event.dueAtMs)
    enqueue.assign({ alarmAtMs: null })
  }),
  takeBatches: base.assign({ batchSlots: ({ context }) => batchSlotsOf(context.transfers) }),
}
