import { keyText } from '../src/model/ids'
import { rankOf, type BlobRecord } from '../src/model/record'
import type { Live, Roster } from './roster'

/** What holds for all transfers at this moment. */
export interface Gates {
  /** Online, with access, and at the remote's pace. */
  readonly isOpen: boolean
  readonly isPaused: boolean
  /** `one`: a single upload probes whether the account has room. */
  readonly uploads: 'all' | 'one' | 'none'
  /** This device has no room for downloads. */
  readonly isFull: boolean
}

export type Move =
  | { readonly kind: 'enter'; readonly key: string; readonly record: BlobRecord }
  | { readonly kind: 'leave'; readonly key: string }
  | { readonly kind: 'grant'; readonly key: string }

interface Shares {
  readonly roster: Roster
  readonly transfers: number
  readonly liveActors: number
  readonly accessRound: number
}

/** Decides who enters the window, who leaves it, and who is given a slot; notes it in the roster. */
export const shareOut = (shares: Shares, gates: Gates): readonly Move[] => {
  const moves: Move[] = []
  const { roster } = shares
  for (const [key, live] of roster.live) {
    if (trim(roster, key, live)) moves.push({ kind: 'leave', key })
  }
  for (const key of roster.observed.keys()) {
    const record = roster.byText(key)
    if (record !== undefined && !roster.live.has(key) && !roster.setAside.has(key)) enter(shares, record, moves)
  }
  if (!gates.isOpen) return moves
  for (let next = roster.nextWanted(); next !== undefined; next = roster.nextWanted()) enter(shares, next, moves)
  if (!gates.isPaused) fillWindow(shares, moves)
  grantSlots(shares, gates, moves)
  return moves
}

/** Takes a blob that needs no actor any more out of the window. @returns whether it left. */
export const trim = (roster: Roster, key: string, live: Live): boolean => {
  const record = roster.byText(key)
  const isAtRest = live.phase === 'resting' || live.phase === 'held'
  if (live.isCalled || !isAtRest || roster.observed.has(key) || record === undefined) return false
  roster.leave(key)
  return true
}

const enter = ({ roster, accessRound }: Shares, record: BlobRecord, moves: Move[]): void => {
  const key = keyText(record)
  roster.enter(key, accessRound)
  moves.push({ kind: 'enter', key, record })
}

const fillWindow = (shares: Shares, moves: Move[]): void => {
  const { roster } = shares
  for (let next = roster.nextReady(); next !== undefined; next = roster.nextReady()) {
    if (roster.live.size - roster.observed.size >= shares.liveActors) {
      const leaver = whoGivesWay(roster, next)
      if (leaver === null) return
      roster.leave(leaver)
      moves.push({ kind: 'leave', key: leaver })
    }
    enter(shares, next, moves)
  }
}

/** The one that backs off longest; else the least pressing queued one, if it is less pressing than the newcomer. */
const whoGivesWay = (roster: Roster, newcomer: BlobRecord): string | null => {
  let backsOff: { key: string; order: number } | null = null
  let queued: { key: string; rank: number; order: number } | null = null
  for (const [key, live] of roster.live) {
    if (roster.observed.has(key)) continue
    const rank = rankOf[roster.byText(key)?.priority ?? 'low']
    if (live.phase === 'backingOff' && (backsOff === null || live.order < backsOff.order)) backsOff = { key, order: live.order }
    if (
      live.phase === 'queued' &&
      (queued === null || rank < queued.rank || (rank === queued.rank && live.order > queued.order))
    ) {
      queued = { key, rank, order: live.order }
    }
  }
  if (backsOff !== null) return backsOff.key
  return queued !== null && queued.rank < rankOf[newcomer.priority] ? queued.key : null
}

const grantSlots = (shares: Shares, gates: Gates, moves: Move[]): void => {
  const { roster } = shares
  let taken = 0
  let uploading = 0
  const waiting: { readonly key: string; readonly live: Live; readonly record: BlobRecord }[] = []
  for (const [key, live] of roster.live) {
    const record = roster.byText(key)
    if (record === undefined) continue
    if (live.phase === 'transferring') {
      taken += 1
      if (record.status === 'PENDING_UPLOAD') uploading += 1
    } else if (live.phase === 'queued') waiting.push({ key, live, record })
  }
  if (taken >= shares.transfers) return
  waiting.sort((a, b) => rankOf[b.record.priority] - rankOf[a.record.priority] || a.live.order - b.live.order)
  for (const { key, live, record } of waiting) {
    if (taken >= shares.transfers) return
    if (gates.isPaused && !roster.wanted.has(key)) continue
    if (record.status === 'PENDING_UPLOAD') {
      if (gates.uploads === 'none' || (gates.uploads === 'one' && uploading > 0)) continue
      uploading += 1
    }
    if (record.status === 'PENDING_DOWNLOAD' && gates.isFull) continue
    taken += 1
    live.phase = 'transferring'
    live.accessRound = shares.accessRound
    moves.push({ kind: 'grant', key })
  }
}
