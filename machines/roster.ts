import { keyText, type BlobKey, type Namespace } from '../src/model/ids'
import { isActive, isSame, mayBatch, standingOf, type BlobRecord, type Status } from '../src/model/record'
import type { BlobPhase } from './blob-events'
import type { CoordinatorEmitted } from './coordinator-events'
import { Heap } from './heap'
import { Records, type Resting } from './records'

type LivePhase = BlobPhase | 'entering'

/** Blobs that transfer have a direction: what keeps one from going does not keep the others. */
const directions = ['PENDING_UPLOAD', 'PENDING_DOWNLOAD', 'PENDING_DELETE'] as const
export type Direction = (typeof directions)[number]

/** A blob whose actor is alive. */
export interface Live {
  /** `entering` until its actor's first report. */
  phase: LivePhase
  /** Its place among those that wait: lower waited longer. */
  order: number
  /** Which token its slot was granted under. */
  accessRound: number
  /** The coordinator's last word to it; counts up. */
  turn: number
  /** It was asked something: it stays until it has answered. */
  isCalled: boolean
  /** It shares its slot with others. */
  isBatched: boolean
}

/** What holds for all transfers at this moment. */
export interface Gates {
  /** Online, with access, and at the remote's pace. */
  readonly isOpen: boolean
  /** Online, and nobody else does the work. */
  readonly isOnline: boolean
  readonly isPaused: boolean
  /** `one`: a single upload probes whether the account has room. */
  readonly uploads: 'all' | 'one' | 'none'
  /** This device has no room for downloads. */
  readonly isFull: boolean
}

/** A blob's place among those that wait. */
export interface Place {
  readonly key: string
  readonly rank: number
  readonly order: number
}

/** A blob that waits as a record: for a slot, or for its due time. */
export interface Ticket extends Place {
  readonly dueAtMs: number
  readonly direction: Direction
  readonly mayBatch: boolean
}

/** The most pressing first, then the one that waits longest. */
export const goesBefore = (a: Place, b: Place): boolean => a.rank > b.rank || (a.rank === b.rank && a.order < b.order)

/** Those that may share a slot wait apart from the others: what keeps the ones from going does not keep the others. */
const readyHeaps = () => ({ alone: new Heap<Ticket>(goesBefore), batch: new Heap<Ticket>(goesBefore) })

export interface Tally {
  readonly counts: Record<Status, number>
  held: number
  active: number
  bytesHere: number
}

/** Blobs that the store keeps to itself until they are asked for, and how many they are. */
export interface RestingBlobs extends Resting {
  readonly counts: readonly { readonly namespace: Namespace; readonly blobs: number; readonly bytes: number }[]
}

/** What the coordinator tells of a change that no actor made. */
export type RosterChange = Extract<CoordinatorEmitted, { type: 'blob.moved' | 'blob.gone' }>

/**
 * All blobs of the device as records, those that wait in order, and those that live.
 *
 * It changes in place, beside the chart: a queue that is copied at each event costs more than the transfers (decisions.md).
 * Every operation takes constant or logarithmic time.
 */
export class Roster {
  readonly #records = new Records((key) => this.#live.has(key) || this.#observed.has(key))
  readonly #tickets = new Map<string, Ticket>()
  readonly #ready = { PENDING_UPLOAD: readyHeaps(), PENDING_DOWNLOAD: readyHeaps(), PENDING_DELETE: readyHeaps() }
  readonly #due = new Heap<Ticket>((a, b) => a.dueAtMs < b.dueAtMs)
  readonly #live = new Map<string, Live>()
  readonly #inPhase: Readonly<Record<LivePhase, Set<string>>> = {
    entering: new Set(),
    queued: new Set(),
    transferring: new Set(),
    backingOff: new Set(),
    held: new Set(),
    resting: new Set(),
    marking: new Set(),
  }
  readonly #observed = new Map<string, number>()
  readonly #absent = new Set<string>()
  /** How many payloads each namespace has here. */
  readonly #here = new Map<Namespace, number>()
  /** Blobs that were written while the store is read; null: it is not. */
  #learnt: Set<string> | null = null
  /** Asked for by the app right now: these go even while paused. */
  readonly wanted = new Set<string>()
  /** Blobs whose actor crashed. */
  readonly setAside = new Set<string>()
  /** All namespaces that ever had a record since the start. */
  readonly namespaces = new Set<Namespace>()
  /** Blobs that are not synced. */
  readonly open = new Set<string>()
  /** Blobs that are deleted on the remote, and stay as a mark until it is known to have stayed so. */
  readonly erased = new Set<string>()
  /** What changed, by the count of changes, while somebody wants to know; null: nobody does. */
  noted: Map<string, number> | null = null
  /** Blobs that another tab transfers. */
  readonly elsewhere = new Set<string>()
  /** What held when slots were last shared out. */
  gates: Gates | null = null
  /** Where notes are kept of all blobs about which something changes; null: nobody wants to know. */
  touched: Set<string> | null = null
  /** Blobs about which something changed since a list of all was read; null: none was, or all may have changed. */
  unshown: Set<string> | null = null
  readonly tally: Tally = {
    counts: { SYNCED: 0, PENDING_UPLOAD: 0, PENDING_DOWNLOAD: 0, FAILED_DOWNLOAD: 0, PENDING_DELETE: 0 },
    held: 0,
    active: 0,
    bytesHere: 0,
  }
  #isFilled = false
  #order = 0
  #front = 0
  #turn = 0
  #batched = 0
  #changes = 0

  /** Counts what changes of the records and phases. */
  get changes(): number {
    return this.#changes
  }

  get live(): ReadonlyMap<string, Live> {
    return this.#live
  }

  /** The live blobs of each phase, in the order in which they came to it. */
  get inPhase(): Readonly<Record<LivePhase, ReadonlySet<string>>> {
    return this.#inPhase
  }

  /** Observers per blob. */
  get observed(): ReadonlyMap<string, number> {
    return this.#observed
  }

  /** Observed blobs that are not alive. */
  get absent(): ReadonlySet<string> {
    return this.#absent
  }

  /** How many of the live ones count for the window. */
  get windowSize(): number {
    return this.#live.size - (this.#observed.size - this.#absent.size)
  }

  observe(key: string): void {
    this.#observed.set(key, (this.#observed.get(key) ?? 0) + 1)
    this.#records.bring(key)
    if (!this.#live.has(key)) this.#absent.add(key)
  }

  unobserve(key: string): void {
    const count = (this.#observed.get(key) ?? 0) - 1
    if (count > 0) this.#observed.set(key, count)
    else {
      this.#observed.delete(key)
      this.#absent.delete(key)
      this.#records.letRest(key)
    }
  }

  get(key: BlobKey): BlobRecord | undefined {
    return this.#records.get(keyText(key))
  }

  byText(key: string): BlobRecord | undefined {
    return this.#records.get(key)
  }

  /** Reads those at rest, where they rest: for what is about every blob. */
  all(): Iterable<BlobRecord> {
    return this.#records.all()
  }

  /** All that wait, are held, have failed, are marked or are in the trash, and perhaps some that rest. */
  restless(): Iterable<BlobRecord> {
    return this.#records.here()
  }

  /** How many payloads of a namespace are here. */
  countHere(namespace: Namespace): number {
    return this.#here.get(namespace) ?? 0
  }

  /** A record is about to be written about: what is known of it counts until what became of it is told. */
  hold(key: string): void {
    this.#records.hold(key)
  }

  release(key: string): void {
    this.#records.release(key)
  }

  get size(): number {
    return this.#records.size
  }

  /** Takes in what is known of a blob now. One that is not alive and has work gets a ticket. */
  set(record: BlobRecord, order?: number): void {
    const key = keyText(record)
    const before = this.#records.get(key)
    if (before !== undefined) this.#count(before, -1)
    this.namespaces.add(record.namespace)
    include(this.open, key, record.status !== 'SYNCED')
    include(this.erased, key, record.erasedAtMs !== null)
    this.#touch(key)
    this.noted?.set(key, this.#changes)
    this.#count(record, 1)
    if (!this.#live.has(key)) this.#issueTicket(key, record, order)
    this.#records.set(key, record)
  }

  /** The store is read from now on, until `replace`. */
  beginReading(): void {
    this.#learnt = new Set()
  }

  /** Takes in what was just written, which whoever reads the store now may have missed. */
  learn(record: BlobRecord): void {
    this.#learnt?.add(keyText(record))
    this.set(record)
  }

  /** Takes in all that was read, in place of what was known. @returns what changed for blobs that were known, or for all but the first time. */
  replace(read: readonly BlobRecord[], resting: RestingBlobs | null = null): readonly RosterChange[] {
    const learnt = this.#learnt ?? new Set()
    this.#learnt = null
    const records = read.filter((record) => !learnt.has(keyText(record)))
    const before = new Map(
      Array.from(this.#records.here(), (record) => [keyText(record), record] as const).filter(([key]) => !learnt.has(key)),
    )
    const isFirst = !this.#isFilled
    const changes: RosterChange[] = []
    this.#isFilled = true
    this.elsewhere.clear()
    for (const record of records) {
      const known = before.get(keyText(record))
      before.delete(keyText(record))
      this.set(record)
      if (!(isFirst && known === undefined) && !isSame(known, record))
        changes.push({ type: 'blob.moved', record, before: known, phase: 'resting', failure: null })
    }
    for (const record of before.values()) {
      this.delete(record)
      changes.push({ type: 'blob.gone', record })
    }
    // Last: until all others are here, the store would say of them that they are known.
    if (resting !== null) this.#leaveAtRest(resting)
    return changes
  }

  delete(key: BlobKey): void {
    const text = keyText(key)
    const before = this.#records.get(text)
    if (before !== undefined) this.#count(before, -1)
    this.#records.delete(text)
    this.open.delete(text)
    this.erased.delete(text)
    this.#touch(text)
    this.noted?.set(text, this.#changes)
    this.#tickets.delete(text)
    this.wanted.delete(text)
    this.#drop(text)
  }

  #leaveAtRest(resting: RestingBlobs): void {
    const { counts } = resting
    let all = 0
    for (const { namespace, blobs, bytes } of counts) {
      this.namespaces.add(namespace)
      this.#here.set(namespace, this.countHere(namespace) + blobs)
      this.tally.counts.SYNCED += blobs
      this.tally.bytesHere += bytes
      all += blobs
    }
    this.#records.rest(resting, all)
    for (const key of this.#observed.keys()) this.#records.bring(key)
    this.unshown = null
    this.#changes += 1
  }

  enter(key: string, accessRound: number): Live {
    this.#records.bring(key)
    const order = this.#tickets.get(key)?.order ?? this.#order++
    this.#tickets.delete(key)
    const live: Live = { phase: 'entering', order, accessRound, turn: this.nextTurn(), isCalled: false, isBatched: false }
    this.#live.set(key, live)
    this.#inPhase.entering.add(key)
    this.#absent.delete(key)
    return live
  }

  move(key: string, live: Live, phase: BlobPhase): void {
    if (live.phase === phase) return
    this.#touch(key)
    this.#endBatch(live)
    this.#inPhase[live.phase].delete(key)
    this.#inPhase[phase].add(key)
    live.phase = phase
  }

  /** Lets a blob that has a slot share it with others, until it moves on. */
  joinBatch(live: Live): void {
    live.isBatched = true
    this.#batched += 1
  }

  /** How many blobs share their slot. */
  get batched(): number {
    return this.#batched
  }

  nextTurn(): number {
    return ++this.#turn
  }

  /** Out of the window, as a record. One that was queued keeps its place. */
  leave(key: string): void {
    const live = this.#live.get(key)
    this.#drop(key)
    const record = this.#records.get(key)
    if (record === undefined) return
    this.#issueTicket(key, record, live?.phase === 'queued' ? live.order : undefined)
    this.#records.letRest(key)
  }

  /** Who waits longest among the most pressing ones that may go, if any is ready. */
  nextReady(mayGo: (direction: Direction, mayBatch: boolean) => boolean = () => true): Ticket | undefined {
    let first: Ticket | undefined
    for (const direction of directions) {
      const { alone, batch } = this.#ready[direction]
      for (const top of [this.#top(alone), this.#top(batch)]) {
        if (top === undefined || (first !== undefined && !goesBefore(top, first))) continue
        if (mayGo(direction, top.mayBatch)) first = top
      }
    }
    return first
  }

  /** The next that was asked for and may go; only a few ever are. */
  nextWanted(mayGo: (direction: Direction, mayBatch: boolean) => boolean): Ticket | undefined {
    for (const key of this.wanted) {
      const ticket = this.#tickets.get(key)
      if (ticket !== undefined && mayGo(ticket.direction, ticket.mayBatch)) return ticket
    }
    return undefined
  }

  earliestDueMs(): number | null {
    return this.#top(this.#due)?.dueAtMs ?? null
  }

  /** Makes those ready whose due time is not after `untilMs`. */
  promote(untilMs: number): void {
    for (let top = this.#top(this.#due); top !== undefined && top.dueAtMs <= untilMs; top = this.#top(this.#due)) {
      const record = this.#records.get(top.key)
      this.#tickets.delete(top.key)
      if (record !== undefined) this.set({ ...record, dueAtMs: null })
    }
  }

  /** Makes all ready that wait for their due time, in front of the others; what was due first goes first. */
  promoteAll(): void {
    const due: BlobRecord[] = []
    for (let top = this.#top(this.#due); top !== undefined; top = this.#top(this.#due)) {
      const record = this.#records.get(top.key)
      this.#tickets.delete(top.key)
      if (record !== undefined) due.push(record)
    }
    this.#front -= due.length
    for (const [at, record] of due.entries()) this.set({ ...record, dueAtMs: null }, this.#front + at)
  }

  orderAgain(live: Live): void {
    live.order = this.#order++
  }

  #touch(key: string): void {
    this.touched?.add(key)
    this.unshown?.add(key)
    this.#changes += 1
  }

  #drop(key: string): void {
    const live = this.#live.get(key)
    if (live === undefined) return
    this.#touch(key)
    this.#endBatch(live)
    this.#inPhase[live.phase].delete(key)
    this.#live.delete(key)
    if (this.#observed.has(key)) this.#absent.add(key)
  }

  #endBatch(live: Live): void {
    if (live.isBatched) this.#batched -= 1
    live.isBatched = false
  }

  #top(heap: Heap<Ticket>): Ticket | undefined {
    for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
      if (this.#tickets.get(top.key) === top) return top
      heap.pop()
    }
    return undefined
  }

  #issueTicket(key: string, record: BlobRecord, order?: number): void {
    const { status } = record
    if (!isActive(record) || status === 'SYNCED' || status === 'FAILED_DOWNLOAD' || this.setAside.has(key)) {
      this.#tickets.delete(key)
      return
    }
    const old = this.#tickets.get(key)
    const dueAtMs = record.dueAtMs ?? 0
    const rank = standingOf(record)
    const isSmall = mayBatch(record)
    if (old?.rank === rank && old.dueAtMs === dueAtMs && old.direction === status && old.mayBatch === isSmall) return
    const ticket: Ticket = {
      key,
      rank,
      dueAtMs,
      direction: status,
      mayBatch: isSmall,
      order: order ?? old?.order ?? this.#order++,
    }
    this.#tickets.set(key, ticket)
    ;(record.dueAtMs === null ? this.#ready[status][isSmall ? 'batch' : 'alone'] : this.#due).push(ticket)
  }

  #count(record: BlobRecord, by: 1 | -1): void {
    if (record.isHere) this.#here.set(record.namespace, this.countHere(record.namespace) + by)
    if (record.trashedAtMs !== null) return
    const { tally } = this
    tally.counts[record.status] += by
    if (record.held !== null) tally.held += by
    if (isActive(record)) tally.active += by
    if (record.isHere) tally.bytesHere += by * (record.sizeBytes ?? 0)
  }
}

const include = (keys: Set<string>, key: string, isIn: boolean) => void (isIn ? keys.add(key) : keys.delete(key))
