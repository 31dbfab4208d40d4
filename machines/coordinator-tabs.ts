import { assertEvent } from 'xstate'
import { keyText } from '../src/model/ids'
import { base } from './coordinator-base'
import { stop } from './coordinator-tells'

/** What it means to lead those that share a store, and to follow. */
export const tabActions = {
  recallAgain: base.raise({ type: 'records.wanted' }),
  takeOffice: base.emit({ type: 'leadership.taken' }),
  /** Ends every transfer: another tab works now. */
  standDown: base.enqueueActions(({ context: { roster, actors }, enqueue }) => {
    for (const key of roster.live.keys()) {
      roster.leave(key)
      stop(enqueue, actors, key)
    }
    roster.wanted.clear()
    enqueue.assign({ isListWanted: false })
  }),
  mirror: base.enqueueActions(({ context: { roster }, event, enqueue }) => {
    assertEvent(event, 'records.mirrored')
    for (const { key, record, isTransferring } of event.changes) {
      const text = keyText(key)
      const before = roster.byText(text)
      if (isTransferring) roster.elsewhere.add(text)
      else roster.elsewhere.delete(text)
      if (record !== null) {
        roster.set(record)
        enqueue.emit({ type: 'blob.moved', record, before, phase: isTransferring ? 'transferring' : 'resting', failure: null })
      } else if (before !== undefined) {
        roster.delete(before)
        enqueue.emit({ type: 'blob.gone', record: before })
      }
    }
  }),
}
