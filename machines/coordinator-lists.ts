import { assertEvent, type EventObject } from 'xstate'
import { failure, type Failure } from '../src/model/failure'
import { keyText } from '../src/model/ids'
import { isSame } from '../src/model/record'
import { backoffMs } from './backoff'
import { base, outputOf } from './coordinator-base'
import type { Comparison, CoordinatorContext, ListOutcome, RecallOutcome } from './coordinator-events'
import { stop, tell } from './coordinator-tells'
import type { Roster } from './roster'

/** What the store recalled, what the remote listed, and the token that both went with. */
export const listActions = {
  tellRenewal: base.raise({ type: 'access.renewed' }),
  reportBroken: base.enqueueActions(({ event, enqueue }) => {
    const outcome = outputOf<RecallOutcome>(event)
    if (!outcome.isDone) enqueue.emit({ type: 'recall.failed', failure: outcome.failure })
  }),
  wantList: base.assign({ isListWanted: true }),
  listNow: base.assign({ isListWanted: false, listAccessRound: ({ context }) => context.accessRound }),
  takeRecords: base.enqueueActions(({ context, event, enqueue }) => {
    const outcome = outputOf<RecallOutcome>(event)
    if (!outcome.isDone) return
    for (const event of context.roster.replace(outcome.records, outcome.resting)) enqueue.emit(event)
    enqueue.emit({ type: 'records.recalled' })
    enqueue.raise({ type: 'records.taken' })
    enqueue.raise({ type: 'slots.shared' })
  }),
  takeWritten: base.enqueueActions(({ context: { roster, actors }, event, enqueue }) => {
    assertEvent(event, 'list.written')
    const { changed, gone } = asFarAsCurrent(event.comparison, roster)
    for (const record of changed) {
      const key = keyText(record)
      tell(enqueue, actors, key, { type: 'blob.revised', record })
      roster.set(record)
    }
    for (const record of gone) {
      const key = keyText(record)
      stop(enqueue, actors, key)
      roster.delete(record)
      enqueue.emit({ type: 'blob.gone', record })
    }
  }),
  takeComparison: base.enqueueActions(({ context, event, enqueue }) => {
    const outcome = outputOf<ListOutcome>(event)
    if (!outcome.isDone) return
    enqueue.assign({
      listAttempts: 0,
      listFailure: null,
      isTokenProven: context.isTokenProven || context.listAccessRound === context.accessRound,
    })
    enqueue.emit({ type: 'remote.compared', comparison: outcome.comparison })
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
}

/** While it was written, blobs may have moved on, and what they write comes after: the comparison says nothing of them. */
const asFarAsCurrent = (comparison: Comparison, roster: Roster): Comparison => {
  const before = new Map(
    comparison.report.changes.flatMap((change) => ('after' in change ? [[change.after, change.before]] : [])),
  )
  return {
    ...comparison,
    changed: comparison.changed.filter(
      (record) => !before.has(record) || isSame(roster.get(record), before.get(record) ?? undefined),
    ),
    gone: comparison.gone.filter((record) => roster.get(record) === record),
  }
}

const crashOf = (tag: 'Corrupt' | 'StorageBroken', event: EventObject): Failure =>
  failure(tag, `A bug: ${'error' in event ? String(event.error) : event.type}`)

const afterListFailure = ({ listAttempts, backoff }: CoordinatorContext, reason: Failure, roll: number) => {
  const atLeastMs = reason._tag === 'Throttled' ? (reason.retryAfterMs ?? 0) : 0
  const attempts = listAttempts + 1
  return { listAttempts: attempts, listFailure: reason, listWaitMs: backoffMs(backoff, attempts, roll, atLeastMs) }
}
