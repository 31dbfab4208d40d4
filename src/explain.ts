import type { HeldReason } from './model/record'
import type { BlobView, Reason, Snapshot } from './options'
import type { BlobRecord } from './model/record'
import { isActive } from './model/record'

type Explained = Pick<BlobView, 'status' | 'held' | 'phase' | 'attempt' | 'nextAttemptAtMs' | 'lastFailure' | 'isHere'>

/** Why a blob is where it is, from its record alone: for a device that another process runs. */
export const explainRecord = (record: BlobRecord, nowMs: number): readonly Reason[] =>
  explainBlob(
    {
      status: record.status,
      held: record.held,
      phase: record.held !== null ? 'held' : record.dueAtMs !== null ? 'backingOff' : isActive(record) ? 'queued' : 'resting',
      attempt: record.attempts,
      nextAttemptAtMs: record.dueAtMs,
      lastFailure: record.failure,
      isHere: record.isHere,
    },
    nowMs,
  )

/** Why a blob is not moving, the most immediate reason first; `snapshot` adds what holds for all blobs. */
export const explainBlob = (blob: Explained, nowMs: number, snapshot?: Snapshot): readonly Reason[] => {
  const reasons: Reason[] = [...whereItIs(blob, nowMs)]
  if (snapshot !== undefined && blob.phase !== 'resting' && blob.phase !== 'held')
    reasons.push(...whatHoldsForAll(snapshot, blob))
  if (blob.lastFailure !== null) {
    reasons.push({ code: `failure.${blob.lastFailure._tag}`, text: `The last attempt failed: ${blob.lastFailure.message}` })
  }
  return reasons
}

const whereItIs = (blob: Explained, nowMs: number): readonly Reason[] => {
  if (blob.status === 'DELETED') return [{ code: 'resting', text: 'It is not known here.' }]
  if (blob.held !== null) return [{ code: `held.${blob.held}`, text: whyHeld(blob.held) }]
  switch (blob.phase) {
    case 'resting':
      return [{ code: 'resting', text: whyResting(blob) }]
    case 'held':
      return []
    case 'queued':
      return [{ code: 'queued', text: `${direction(blob)} waits for a free slot.` }]
    case 'transferring':
      return [{ code: 'transferring', text: `${direction(blob)} is under way, attempt ${blob.attempt}.` }]
    case 'backingOff':
      return [
        {
          code: 'backingOff',
          text: `${direction(blob)} failed ${blob.attempt} time${blob.attempt === 1 ? '' : 's'}; next attempt in ${seconds(blob, nowMs)} s.`,
        },
      ]
  }
}

const seconds = ({ nextAttemptAtMs }: Explained, nowMs: number) =>
  Math.max(0, Math.ceil(((nextAttemptAtMs ?? nowMs) - nowMs) / 1000))

const direction = ({ status }: Explained) =>
  status === 'PENDING_DELETE' ? 'The deletion' : status === 'PENDING_UPLOAD' ? 'The upload' : 'The download'

const whyResting = ({ status, isHere }: Explained): string => {
  if (status === 'FAILED_DOWNLOAD')
    return 'What came from the remote did not verify. Retry it once the remote is repaired, or delete it.'
  if (status === 'PENDING_DELETE') return 'It is deleted; the mark stays until the remote’s list confirms it.'
  return isHere ? 'It is here and on the remote.' : 'It is on the remote.'
}

const whyHeld = (reason: HeldReason): string => {
  switch (reason) {
    case 'localOnly':
      return 'It is kept on this device only, as asked.'
    case 'onDemand':
      return 'It is fetched when it is asked for.'
    case 'paused':
      return 'Transfers of it are paused.'
    case 'conflict':
      return 'The remote holds other content under this id. Resolve it: keep mine, or take theirs.'
    case 'tooLarge':
      return 'It is larger than the remote or the cipher takes.'
    case 'forbidden':
      return 'The account may not do this.'
    case 'corrupt':
      return 'Its record or its payload on this device is damaged.'
  }
}

const whySlow = {
  throttled: 'the remote has asked for less',
  stalled: 'transfers came to a standstill',
  slower: 'with more of them, fewer bytes move',
} as const

const whatHoldsForAll = (snapshot: Snapshot, { status, phase }: Explained): readonly Reason[] => {
  const reasons: Reason[] = []
  if (snapshot.transfers === 'paused') reasons.push({ code: 'paused', text: 'Transfers are paused.' })
  if (snapshot.connectivity === 'offline') reasons.push({ code: 'offline', text: 'The device is offline.' })
  if (snapshot.access === 'refreshing') reasons.push({ code: 'refreshing', text: 'A new token is being asked for.' })
  if (snapshot.access === 'denied') reasons.push({ code: 'denied', text: 'The remote does not take the token.' })
  if (snapshot.pace.reason !== null && phase === 'queued') {
    const { transfers, reason } = snapshot.pace
    reasons.push({ code: `pace.${reason}`, text: `At most ${transfers} at once are under way: ${whySlow[reason]}.` })
  }
  if (snapshot.quota !== 'available' && status === 'PENDING_UPLOAD') reasons.push({ code: 'quota', text: 'The account is full.' })
  if (snapshot.transfers === 'full' && status === 'PENDING_DOWNLOAD')
    reasons.push({ code: 'full', text: 'This device has no room left for downloads.' })
  return reasons
}
