import { BATCH_BLOBS_MAX, isActive, mayBatch, standingOf, type BlobRecord, type Status } from '../src/model/record'
import { goesBefore, type Gates, type Live, type Place, type Roster, type Ticket } from './roster'

export type Move =
  /** `hasSlot`: it begins its transfer at once. */
  | {
      readonly kind: 'enter'
      readonly key: string
      readonly record: BlobRecord
      readonly turn: number
      readonly hasSlot: boolean
    }
  | { readonly kind: 'leave'; readonly key: string }
  | { readonly kind: 'grant'; readonly key: string; readonly record: BlobRecord; readonly turn: number; readonly hasSlot: true }

interface Shares {
  readonly roster: Roster
  /** How many slots there are. */
  readonly pace: { readonly slots: number }
  readonly liveActors: number
  readonly accessRound: number
  /** How many slots blobs may share; 0 while the remote takes no batches. */
  readonly batchSlots: number
  /** How many blobs may share one. */
  readonly batchBlobs: number
}

/** Decides who is given a slot, who enters the window with it or because someone looks, and who leaves; notes it in the roster. */
export const shareOut = (shares: Shares, gates: Gates): readonly Move[] => {
  const moves: Move[] = []
  const { roster } = shares
  roster.gates = gates
  if (!gates.isOnline) {
    leaveOffline(roster, moves)
    return moves
  }
  for (const key of roster.absent) {
    const record = roster.byText(key)
    if (record !== undefined && !roster.setAside.has(key)) {
      moves.push({ kind: 'enter', key, record, turn: roster.enter(key, shares.accessRound).turn, hasSlot: false })
    }
  }
  if (gates.isOpen) giveSlots(shares, gates, moves)
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

/** Gives each free slot to the most pressing of those that may go; of these, to the one that waits longest. */
const giveSlots = (shares: Shares, gates: Gates, moves: Move[]): void => {
  const { roster } = shares
  const mayFill = mayFillBatch(shares)
  const roomNow = () => (mayFill ? roomIn(shares) : { ...roomIn(shares), batch: false })
  for (let room = roomNow(); room.alone || room.batch; room = roomNow()) {
    const mayGo = permission(roster, gates, room)
    const ticket = gates.isPaused ? roster.nextWanted(mayGo) : roster.nextReady(mayGo)
    const queued = nextQueued(roster, gates, mayGo)
    if (
      ticket !== undefined &&
      (queued === undefined || goesBefore(ticket, queued)) &&
      enterWithSlot(shares, ticket, mayGo, moves)
    )
      continue
    // One that is just entering is about to say that it is queued.
    if (queued === undefined || queued.live.phase === 'entering') return
    takeSlot(shares, queued.key, queued.live, mayBatch(queued.record))
    moves.push({ kind: 'grant', key: queued.key, record: queued.record, turn: queued.live.turn, hasSlot: true })
  }
}

/** A batch is filled in one go: a few that follow at each answer would make many small ones. */
const mayFillBatch = ({ roster, batchSlots, batchBlobs }: Shares) => roster.batched <= Math.max(0, batchSlots - 1) * batchBlobs

/** Whether a blob that transfers keeps from its slot another one that goes before it, and that could take it. */
export const isWaitedFor = (shares: Shares, record: BlobRecord): boolean => {
  const { roster, pace } = shares
  const { gates } = roster
  if (gates === null) return false
  const room = roomIn({ ...shares, pace: { slots: pace.slots + 1 } })
  // The one upload that probes the quota makes way for another one that then goes.
  const uploads = gates.uploads === 'one' && record.status === 'PENDING_UPLOAD' ? 'all' : gates.uploads
  const mayGo = permission(roster, { ...gates, uploads }, { alone: true, batch: room.batch && mayFillBatch(shares) })
  const ticket = gates.isPaused ? roster.nextWanted(mayGo) : roster.nextReady(mayGo)
  const first = Math.max(ticket?.rank ?? 0, nextQueued(roster, gates, mayGo)?.rank ?? 0)
  return first > standingOf(record)
}

/** Whether a slot is free for a blob alone, and whether there is one to share. */
export const roomIn = ({
  roster,
  pace,
  batchSlots,
  batchBlobs,
}: Pick<Shares, 'roster' | 'pace' | 'batchSlots' | 'batchBlobs'>) => {
  const { batched } = roster
  const hasFree = roster.inPhase.transferring.size - batched + Math.ceil(batched / batchBlobs) < pace.slots
  const hasPlace = batched < batchSlots * batchBlobs && (hasFree || batched % batchBlobs !== 0)
  return { alone: hasFree, batch: batchSlots === 0 ? hasFree : hasPlace }
}

/** How many of the slots batches may take: a blob that travels alone always finds others. */
export const batchSlotsOf = (transfers: number): number => Math.min(2, transfers - 1)

/** How many blobs may share a slot: as many as may live beside those that travel alone, since a few large requests cost less than many small ones. */
export const batchBlobsOf = (transfers: number, liveActors: number): number => {
  const slots = Math.max(1, batchSlotsOf(transfers))
  return Math.max(1, Math.min(BATCH_BLOBS_MAX, Math.floor((liveActors - (transfers - slots)) / slots)))
}

/** @returns false if the window is full of blobs that are not to give way. */
const enterWithSlot = (shares: Shares, ticket: Ticket, mayGo: MayGo, moves: Move[]): boolean => {
  const { roster } = shares
  const record = roster.byText(ticket.key)
  if (record === undefined) return false
  if (roster.windowSize >= shares.liveActors) {
    const leaver = whoGivesWay(roster, ticket, mayGo)
    if (leaver === undefined) return false
    roster.leave(leaver)
    moves.push({ kind: 'leave', key: leaver })
  }
  const live = roster.enter(ticket.key, shares.accessRound)
  takeSlot(shares, ticket.key, live, ticket.mayBatch)
  moves.push({ kind: 'enter', key: ticket.key, record, turn: live.turn, hasSlot: true })
  return true
}

const takeSlot = ({ roster, accessRound, batchSlots }: Shares, key: string, live: Live, isSmall: boolean): void => {
  roster.move(key, live, 'transferring')
  if (isSmall && batchSlots > 0) roster.joinBatch(live)
  live.accessRound = accessRound
  live.turn = roster.nextTurn()
}

type MayGo = (status: Status, isSmall: boolean) => boolean

const permission = (roster: Roster, { uploads, isFull }: Gates, room: ReturnType<typeof roomIn>): MayGo => {
  const mayUpload = uploads === 'all' || (uploads === 'one' && !isUploading(roster))
  return (status, isSmall) =>
    (isSmall ? room.batch : room.alone) && (status === 'PENDING_UPLOAD' ? mayUpload : status !== 'PENDING_DOWNLOAD' || !isFull)
}

const isUploading = (roster: Roster): boolean => {
  for (const key of roster.inPhase.transferring) if (roster.byText(key)?.status === 'PENDING_UPLOAD') return true
  return false
}

/** The one that backs off longest; else a queued one that may not go; else the least pressing one, if it is less so than the newcomer. */
const whoGivesWay = (roster: Roster, newcomer: Ticket, mayGo: MayGo): string | undefined => {
  const isBound = (key: string) => roster.observed.has(key) || roster.live.get(key)?.isCalled === true
  for (const key of roster.inPhase.backingOff) if (!isBound(key)) return key
  let last: Place | undefined
  for (const key of roster.inPhase.queued) {
    const record = roster.byText(key)
    if (record === undefined || isBound(key)) continue
    const place = {
      key,
      rank: mayGo(record.status, mayBatch(record)) ? standingOf(record) : 0,
      order: roster.live.get(key)?.order ?? 0,
    }
    if (last === undefined || goesBefore(last, place)) last = place
  }
  return last !== undefined && last.rank < newcomer.rank ? last.key : undefined
}

interface Queued extends Place {
  readonly live: Live
  readonly record: BlobRecord
}

/** The next of the live ones that wait for a slot, or are about to. */
const nextQueued = (roster: Roster, { isPaused }: Gates, mayGo: MayGo): Queued | undefined => {
  let first: Queued | undefined
  for (const phase of ['entering', 'queued'] as const) {
    for (const key of roster.inPhase[phase]) {
      const live = roster.live.get(key)
      const record = roster.byText(key)
      if (live === undefined || record === undefined || !isActive(record) || record.dueAtMs !== null) continue
      if (!mayGo(record.status, mayBatch(record)) || (isPaused && !roster.wanted.has(key))) continue
      const place = { key, live, record, rank: standingOf(record), order: live.order }
      if (first === undefined || goesBefore(place, first)) first = place
    }
  }
  return first
}
