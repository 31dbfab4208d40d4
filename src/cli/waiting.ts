import type { Failure } from '../model/failure'
import type { BlobSync, BlobView, Snapshot } from '../options'

/** Why a sync does not go on by itself: stable words for programs, a sentence for people. */
export interface Waiting {
  /** Changes when the reason does, and not when only the time left does. */
  readonly key: string
  readonly text: string
  readonly failure: Failure | null
}

/** What a sync waits for; null while something moves. */
export const waitingFor = (blobs: BlobSync, nowMs: number): Waiting | null => {
  const snapshot = blobs.getSnapshot()
  const general = whatHoldsForAll(snapshot)
  if (general !== null) return general
  const views = blobs.list()
  if (views.some(({ phase }) => phase === 'transferring')) return null
  const waiting = views.filter(({ phase }) => phase === 'backingOff')
  const first = waiting.toSorted((a, b) => dueOf(a) - dueOf(b))[0]
  if (first !== undefined && !views.some(({ phase }) => phase === 'queued')) return backingOff(first, waiting.length, nowMs)
  const { reconciliation, lastListFailure } = snapshot
  if (reconciliation === 'backingOff' && lastListFailure !== null) {
    return failed(`list.${lastListFailure._tag}`, 'the list of blobs cannot be read', lastListFailure)
  }
  return null
}

const whatHoldsForAll = ({ connectivity, access, quota, transfers, counts, lastListFailure }: Snapshot): Waiting | null => {
  if (connectivity === 'offline') return { key: 'offline', text: 'this device is offline', failure: null }
  if (access === 'denied') return { key: 'denied', text: 'the server does not take the token', failure: lastListFailure }
  if (quota === 'exhausted' && counts.PENDING_UPLOAD > 0) {
    return { key: 'quota', text: 'the account is full; uploads are tried again every minute', failure: null }
  }
  if (transfers === 'full') return { key: 'full', text: 'this device has no room left for downloads', failure: null }
  return null
}

const backingOff = (first: BlobView, count: number, nowMs: number): Waiting => {
  const seconds = Math.max(0, Math.ceil((dueOf(first) - nowMs) / 1000))
  const what = `${count === 1 ? 'one blob waits' : `${count} blobs wait`} for another attempt, the next in ${seconds} s`
  const { lastFailure } = first
  return lastFailure === null
    ? { key: 'backingOff', text: what, failure: null }
    : failed(`backingOff.${lastFailure._tag}`, what, lastFailure)
}

const failed = (key: string, what: string, failure: Failure): Waiting => ({
  key: `${key}: ${failure.message}`,
  text: `${what}: ${failure.message}`,
  failure,
})

const dueOf = ({ nextAttemptAtMs }: BlobView) => nextAttemptAtMs ?? 0
