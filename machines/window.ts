import { keyText } from '../src/model/ids'
import { isActive, rankOf, type BlobRecord, type Status } from '../src/model/record'
import type { Live, Roster } from './roster'

/** What holds for all transfers at this moment. */
export interface Gates {
  /** Online, with access, and at the remote's pace. */
  readonly isOpen: boolean
  readonly isOnline: boolean
  readonly isPaused: boolean
  /** `one`: a single upload probes whether the account has room. */
  readonly uploads: 'all' | 'one' | 'none'
  /** This device has no room for downloads. */
  readonly isFull: boolean
}

export type Move =
  | { readonly kind: 'enter'; readonly key: string; readonly record: BlobRecord; readonly turn: number }
  | { readonly kind: 'leave'; readonly key: string }
  | { readonly kind: 'grant'; readonly key: string; readonly turn: number }

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
  if (!gates.isOnline) {
    leaveOffline(roster, moves)
    return moves
  }
  for (const key of roster.absent) {
    const record = roster.byText(key)
    if (record !== undefined && !roster.setAside.has(key)) enter(shares, record, moves)
  }
  if (!gates.isOpen) return moves
  for (let next = roster.nextWanted(); next !== undefined; next = roster.nextWanted()) enter(shares, next, moves)
  if (!gates.isPaused) fillWindow(shares, gates, moves)
  grantSlots(shares, gates, moves)
  return moves
}

/** Takes a blob that needs no actor any more out of the window. @returns whether it left. */
export const trim = (roster: Roster, key: string, live: Live): boolean => {
  const isAtRest = live.phase === 'resting' || live.phase === 'held'
  if (live.isCalled || !isAtRest || roster.observed.has(key) || roster.byText(key) === undefined) return false
  roster.leave(key)
  return true
}

/** Takes a waiting blob out of a window that holds too many. @returns whether it left. */
export const makeRoom = (roster: Roster, key: string, live: Live, liveActors: number): boolean => {
  const isWaiting = live.phase === 'queued' || live.phase === 'backingOff'
  if (live.isCalled || !isWaiting || roster.observed.has(key) || roster.windowSize <= liveActors) return false
  roster.leave(key)
  return true
}

/** A blob that waits leaves as a record, so that no timer of its own runs; one that transfers will fail or come through. */
const leaveOffline = (roster: Roster, moves: Move[]): void => {
  for (const phase of ['queued', 'backingOff'] as const) {
    for (const key of roster.inPhase[phase]) {
      if (roster.live.get(key)?.isCalled === true) continue
      roster.leave(key)
      moves.push({ kind: 'leave', key })
    }
  }
}

const enter = ({ roster, accessRound }: Shares, record: BlobRecord, moves: Move[]): void => {
  const key = keyText(record)
  const { turn } = roster.enter(key, accessRound)
  moves.push({ kind: 'enter', key, record, turn })
}

const mayGo =
  (gates: Gates) =>
  (status: Status): boolean => {
    if (status === 'PENDING_UPLOAD') return gates.uploads !== 'none'
    return status !== 'PENDING_DOWNLOAD' || !gates.isFull
  }

const fillWindow = (shares: Shares, gates: Gates, moves: Move[]): void => {
  const { roster } = shares
  for (let next = roster.nextReady(mayGo(gates)); next !== undefined; next = roster.nextReady(mayGo(gates))) {
    if (roster.windowSize >= shares.liveActors) {
      const leaver = whoGivesWay(roster, next, gates)
      if (leaver === undefined) return
      roster.leave(leaver)
      moves.push({ kind: 'leave', key: leaver })
    }
    enter(shares, next, moves)
  }
}

/** The one that backs off longest; else a queued one that may not go; else the least pressing one, if it is less so than the newcomer. */
const whoGivesWay = (roster: Roster, newcomer: BlobRecord, gates: Gates): string | undefined => {
  const isBound = (key: string) => roster.observed.has(key) || roster.live.get(key)?.isCalled === true
  for (const key of roster.inPhase.backingOff) if (!isBound(key)) return key
  let last: { readonly key: string; readonly rank: number; readonly order: number } | undefined
  for (const key of roster.inPhase.queued) {
    const record = roster.byText(key)
    if (record === undefined || isBound(key)) continue
    const order = roster.live.get(key)?.order ?? 0
    const rank = mayGo(gates)(record.status) ? rankOf[record.priority] : 0
    if (last === undefined || rank < last.rank || (rank === last.rank && order > last.order)) last = { key, rank, order }
  }
  return last !== undefined && last.rank < rankOf[newcomer.priority] ? last.key : undefined
}

const grantSlots = (shares: Shares, gates: Gates, moves: Move[]): void => {
  const { roster } = shares
  while (roster.inPhase.transferring.size < shares.transfers) {
    const next = nextForSlot(roster, gates)
    // One that is just entering is about to say that it is queued.
    if (next === undefined || next.live.phase === 'entering') return
    roster.move(next.key, next.live, 'transferring')
    next.live.accessRound = shares.accessRound
    next.live.turn = roster.nextTurn()
    moves.push({ kind: 'grant', key: next.key, turn: next.live.turn })
  }
}

interface Candidate {
  readonly key: string
  readonly live: Live
  readonly rank: number
}

/** Of those that may go, the most pressing; of these, the one that waits longest. */
const nextForSlot = (roster: Roster, gates: Gates): Candidate | undefined => {
  if (roster.inPhase.queued.size === 0) return undefined
  const candidates =
    roster.inPhase.entering.size === 0 ? roster.inPhase.queued : [...roster.inPhase.entering, ...roster.inPhase.queued]
  const { isPaused, uploads, isFull } = gates
  const mayUpload = uploads === 'all' || (uploads === 'one' && !isUploading(roster))
  let first: Candidate | undefined
  for (const key of candidates) {
    const live = roster.live.get(key)
    const record = roster.byText(key)
    if (
      live === undefined ||
      record === undefined ||
      !isActive(record) ||
      record.dueAtMs !== null ||
      (isPaused && !roster.wanted.has(key))
    )
      continue
    if (record.status === 'PENDING_UPLOAD' ? !mayUpload : record.status === 'PENDING_DOWNLOAD' && isFull) continue
    const rank = rankOf[record.priority]
    if (first === undefined || rank > first.rank || (rank === first.rank && live.order < first.live.order))
      first = { key, live, rank }
  }
  return first
}

const isUploading = (roster: Roster): boolean => {
  for (const key of roster.inPhase.transferring) if (roster.byText(key)?.status === 'PENDING_UPLOAD') return true
  return false
}
