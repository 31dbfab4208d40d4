import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Roster } from '../machines'
import { beginningsIn } from './beginnings'
import type { Clock } from './clock'
import { failure, type Failure } from './model/failure'
import { keyText } from './model/ids'
import { mayBeEvicted, type BlobRecord } from './model/record'
import { BlobSyncError, type BlobSyncOptions } from './options'
import { readAll } from './resting'
import { stagedBy } from './staged-by'
import type { SharedPower, Staging, Store } from './store/store'

const FULL_AT = 0.9

/** Others use the same room, so what was measured grows old. */
const MEASURED_MS = 60_000

/** A payload that was just given to the app may still be read: it is not evicted for so long. */
const IN_USE_MS = 60_000

/** How many blobs the remote is asked about at once. */
const CONFIRMED_AT_ONCE = 4

/** The room that an eviction made may show late: databases give space back when they are tidied. */
const SHOWS_WITHIN_MS = 10 * 60_000

export interface RoomParts {
  readonly store: Store
  readonly options: BlobSyncOptions['room']
  readonly clock: Clock
  readonly roster: Roster
  readonly evict: (record: BlobRecord, mayGo: () => boolean) => TE.TaskEither<Failure, BlobRecord>
  /** Forgets what is kept of a download. */
  readonly giveUp: (record: BlobRecord) => TE.TaskEither<Failure, unknown>
  readonly onFull: () => void
  /** There may be room again. */
  readonly onChanged: () => void
  readonly report: (reason: Failure) => void
}

/**
 * Watches how full the device is, where the store can tell: before downloads when the last answer is a minute old, and while bytes arrive each
 * time half of what was left is used. Makes room by eviction, if asked to.
 */
export const watchRoom = (parts: RoomParts) => {
  const { store, clock, roster, report } = parts
  const { fullAt, evictTo } = checked(parts.options)
  const beginnings = beginningsIn(roster)
  const uses = new Map<string, number>()
  let writtenBytes = 0
  let askAtBytes = 0
  let askAtMs = -Infinity
  let isOver = false
  /** A write has failed for want of room, whatever the store tells. */
  let hasFailed = false
  /** Something was stored since room was made for a write that failed: it may help again. For a blob larger than the device it never does. */
  let hasHelped = true
  let expected: { readonly usedBytes: number; readonly atBytes: number; readonly untilMs: number } | null = null
  let reported = ''
  let asking: Promise<Measured | null> | null = null

  const ask = async (): Promise<Measured | null> => {
    askAtMs = clock.now() + MEASURED_MS
    askAtBytes = Infinity
    const told = store.room === undefined ? null : await store.room()()
    if (told !== null && E.isLeft(told)) reportOnce(told.left)
    isOver = false
    // A browser that tells nothing tells a quota of zero.
    if (told === null || E.isLeft(told) || !(told.right.quotaBytes > 0)) return null
    const { quotaBytes } = told.right
    const usedBytes = sinceEviction(told.right.usedBytes)
    // What is kept of downloads would keep them from going on.
    const leftBytes = fullAt * quotaBytes - usedBytes + beginnings.bytes()
    isOver = leftBytes <= 0
    askAtBytes = writtenBytes + Math.max(leftBytes / 2, quotaBytes / 256)
    return { usedBytes, quotaBytes }
  }
  /** A browser that cannot tell says so each time. */
  const reportOnce = (reason: Failure) => {
    if (reason.message !== reported) report(reason)
    reported = reason.message
  }
  const measured = () => (asking ??= ask().finally(() => (asking = null)))

  const sinceEviction = (usedBytes: number): number => {
    if (expected === null) return usedBytes
    const expectedBytes = expected.usedBytes + writtenBytes - expected.atBytes
    if (usedBytes > expectedBytes && clock.now() < expected.untilMs) return expectedBytes
    expected = null
    return usedBytes
  }

  /** Whether another download may begin. */
  const mayDownload = async (): Promise<boolean> => {
    if (asking !== null || clock.now() >= askAtMs) await measured()
    if (isOver) parts.onFull()
    return !isOver
  }

  /** Measures, and makes room where there is too little. @returns whether downloads may go on. */
  const makeRoom = async (): Promise<boolean> => {
    const before = await measured()
    // Room for one that can go on then; if it does not help, the next failure says so.
    if (hasFailed && (await giveUpBeginnings())) hasFailed = false
    if (evictTo === null || !(isOver || hasFailed)) return !isOver
    const afterFailure = hasFailed
    hasFailed = false
    if (before === null || (afterFailure && !isOver && !hasHelped)) return false
    if (afterFailure) hasHelped = false
    const { usedBytes } = before
    // Once a write has failed, what is used is all there is.
    const quotaBytes = afterFailure ? Math.min(before.quotaBytes, usedBytes) : before.quotaBytes
    const atBytes = writtenBytes
    const freedBytes = await free(usedBytes - evictTo * quotaBytes)
    expected = { usedBytes: usedBytes - freedBytes, atBytes, untilMs: clock.now() + SHOWS_WITHIN_MS }
    await measured()
    return !isOver && freedBytes > 0
  }

  /** @returns whether there were any. */
  const giveUpBeginnings = async (): Promise<boolean> => {
    const spare = beginnings.spare()
    for (const record of spare) {
      const done = await parts.giveUp(record)()
      if (E.isLeft(done)) report(done.left)
    }
    return spare.length > 0
  }

  /** Evicts the least recently used until so many bytes are free, or the remote cannot be asked. */
  const free = async (wantedBytes: number): Promise<number> => {
    const all = await readAll(roster, mayBeEvicted)
    const candidates = all.filter((record) => !isInUse(record)).toSorted((a, b) => lastUse(b) - lastUse(a))
    let freedBytes = 0
    let isCut = false
    const freeSome = async () => {
      while (freedBytes < wantedBytes && !isCut) {
        const record = candidates.pop()
        if (record === undefined) return
        const bytes = record.sizeBytes ?? 0
        freedBytes += bytes
        const evicted = await parts.evict(record, () => !isInUse(record))()
        if (E.isRight(evicted)) continue
        freedBytes -= bytes
        isCut ||= !isAboutOne(evicted.left)
      }
    }
    await Promise.all(Array.from({ length: CONFIRMED_AT_ONCE }, freeSome))
    return freedBytes
  }

  const isInUse = (record: BlobRecord) => clock.now() - (uses.get(keyText(record)) ?? -Infinity) < IN_USE_MS

  const lastUse = (record: BlobRecord) => uses.get(keyText(record)) ?? Math.max(record.usedAtMs ?? 0, record.changedAtMs)

  const noted =
    <A>(use: TE.TaskEither<Failure, A>, bytes: number, isWhole: boolean): TE.TaskEither<Failure, A> =>
    async () => {
      const result = await use()
      if (E.isRight(result)) {
        hasHelped ||= isWhole
        writtenBytes += bytes
        if (writtenBytes >= askAtBytes || clock.now() >= askAtMs) void measured().then(() => isOver && parts.onFull())
      } else if (result.left._tag === 'StorageFull') {
        hasFailed = true
        if (evictTo !== null) parts.onFull()
      }
      return result
    }
  const freed = <A>(use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    pipe(
      use,
      TE.map((result) => {
        parts.onChanged()
        return result
      }),
    )

  const noting =
    (add: SharedPower['add']): SharedPower['add'] =>
    (record, payload, mayReplace) =>
      noted(add(record, payload, mayReplace), payload.sizeBytes, true)

  /** @returns what it gives; unless that is false, the store has the records. */
  const told = <A>(records: readonly BlobRecord[], use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    TE.map((result: A) => {
      if (result !== false) records.forEach(beginnings.note)
      return result
    })(use)

  const notedStaging = (staging: Staging): Staging => ({
    append: (bytes) => noted(staging.append(bytes), bytes.length, false),
    commit: (record) => noted(staging.commit(record), 0, true),
    discard: () => staging.discard(),
  })

  const watched: Store = {
    ...store,
    write: (record, payload) => noted(store.write(record, payload), payload.sizeBytes, true),
    remember: (records) => told(records, store.remember(records)),
    ...(store.shared === undefined ? {} : { shared: { ...store.shared, add: noting(store.shared.add) } }),
    drop: (record) => told([record], freed(store.drop(record))),
    remove: (keys) => freed(store.remove(keys)),
    ...stagedBy(store, notedStaging, (staging) => ({
      ...notedStaging(staging),
      keep: (record) => told([record], noted(staging.keep(record), 0, false)),
      leave: () => staging.leave(),
      read: (from, to) => staging.read(from, to),
    })),
  }

  return {
    /** The store, but that what it writes and frees is noted; one that cannot tell its room stays as it is. */
    store: store.room === undefined ? store : watched,
    canTell: store.room !== undefined,
    /** Whether it makes room by itself; then uses are worth remembering. */
    evicts: evictTo !== null,
    mayDownload,
    makeRoom,
    noteUse: (record: BlobRecord) => uses.set(keyText(record), clock.now()),
  }
}

interface Measured {
  readonly usedBytes: number
  readonly quotaBytes: number
}

const checked = ({ fullAt = FULL_AT, evictTo = null }: Marks = {}) => {
  if (fullAt > 0 && fullAt <= 1 && (evictTo === null || (evictTo >= 0 && evictTo < fullAt))) return { fullAt, evictTo }
  throw new BlobSyncError(
    failure('Corrupt', `It must be 0 ≤ room.evictTo < room.fullAt ≤ 1; these are ${evictTo} and ${fullAt}.`),
  )
}

interface Marks {
  readonly fullAt?: number
  readonly evictTo?: number | null
}

/** Whether the next blob may fare better than the one that could not be evicted so. */
const isAboutOne = ({ _tag }: Failure) => _tag === 'NotFound' || _tag === 'Tampered' || _tag === 'Forbidden'
