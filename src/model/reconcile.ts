import type { BlobId, Namespace } from './ids'
import { newRecord, type BlobRecord } from './record'
import type { Entry, ListedBlob } from './wire'

/** Two lists of one namespace, as they were found. */
export interface Comparison {
  readonly namespace: Namespace
  /** Read after the listing ended, so that a blob put meanwhile is among them. */
  readonly records: readonly BlobRecord[]
  /** All pages together; where an id is listed twice, the later page counts. */
  readonly entries: readonly Entry[]
  readonly tombstones: readonly BlobId[]
  /** When the listing began. */
  readonly startedAtMs: number
  readonly nowMs: number
  /** What a closer look at single blobs gave: `null` where nothing is. A look that failed is left out. */
  readonly looks?: ReadonlyMap<BlobId, Entry | null>
  /** Whether a blob is fetched without being asked for. @default each */
  readonly wants?: (blob: ListedBlob) => boolean
}

/**
 * What a comparison asks for. Where `looks` is not empty, look at these blobs and reconcile once more with the answers; the
 * changes of the last pass are the ones to apply. A blob that could not be looked at has no change and waits for the next listing.
 */
export interface Plan {
  readonly changes: readonly Change[]
  readonly looks: readonly BlobId[]
}

/** One record to be changed. It applies only while the store's record is still `before`. */
export type Change =
  /**
   * On the remote, not here; or here with other content, also in the trash. `isHere` stays as it was: old bytes rest until the
   * new ones are verified, and go to the trash if these never come. The seal goes, since it must never meet other bytes. What is not
   * wanted yet is held as `onDemand`; what was held so and is wanted now is released.
   */
  | { readonly kind: 'fetch'; readonly before: BlobRecord | null; readonly after: BlobRecord }
  /** The remote lost it, as two listings agree. A seal of its own is kept, being one of the same bytes. */
  | { readonly kind: 'upload'; readonly before: BlobRecord; readonly after: BlobRecord }
  /** Deleted elsewhere; the copy here rests in the trash. */
  | { readonly kind: 'trash'; readonly before: BlobRecord; readonly after: BlobRecord }
  /** Nothing is left to remember, and no payload is here. */
  | { readonly kind: 'forget'; readonly before: BlobRecord }
  /** Was synced, is not listed, has no tombstone. Told at each listing for a blob that cannot be uploaded again: evicted, or external. */
  | { readonly kind: 'missing'; readonly before: BlobRecord; readonly after: BlobRecord }
  /** Was missing and is listed again. */
  | { readonly kind: 'found'; readonly before: BlobRecord; readonly after: BlobRecord }
  /** Deleted here, and back by our own late upload: to be deleted again. */
  | { readonly kind: 'erase'; readonly before: BlobRecord; readonly after: BlobRecord }

/**
 * Compares what is here with what the remote lists, in linear time.
 *
 * Left alone: records that changed since the listing began, pending uploads (the remote's answer settles them), and what is held as
 * `localOnly` or `conflict`. A tombstone of a live id says only that it may have been created again.
 */
export const reconcile = (comparison: Comparison): Plan => {
  const entries = new Map(comparison.entries.map((entry) => [entry.id, entry]))
  const known = new Set(comparison.records.map(({ id }) => id))
  const look = sightings(comparison, entries)
  const verdicts = [
    ...comparison.records.map((record) => (isSettled(record, comparison) ? null : judge(record, look(record.id), comparison))),
    ...Array.from(entries.keys(), (id) => (known.has(id) ? null : fetchNew(id, comparison, entries.get(id)?.sizeBytes ?? null))),
  ]
  const changes: Change[] = []
  const looks: BlobId[] = []
  for (const verdict of verdicts) {
    if (verdict === null) continue
    if (verdict.kind === 'look') looks.push(verdict.id)
    else changes.push(verdict)
  }
  return { changes, looks }
}

/** How many copies here a plan would move to the trash because of what the remote says. */
export const removalsOf = ({ changes }: Plan): number => changes.filter(({ kind }) => kind === 'trash').length

const MASS_REMOVAL_BLOBS_MIN = 100

/** Whether so many of `total` blobs would go that the app must confirm: more than half of them, and more than 100. */
export const isMassRemoval = (removals: number, total: number): boolean =>
  removals > MASS_REMOVAL_BLOBS_MIN && removals * 2 > total

type Verdict = Change | { readonly kind: 'look'; readonly id: BlobId } | null

/** What the lists and the looks say of one id. */
type Sighting =
  /** `tag` is null where nobody says it; `mayLook`: nobody was asked yet. */
  | {
      readonly kind: 'live'
      readonly tag: string | null
      readonly sizeBytes: number | null
      readonly mayLook: boolean
      readonly hasTombstone: boolean
    }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'absent' }
  /** Listed, and gone at a closer look: the next listing tells. */
  | { readonly kind: 'leaving' }

const sightings = ({ tombstones, looks }: Comparison, entries: ReadonlyMap<BlobId, Entry>) => {
  const deleted = new Set(tombstones)
  return (id: BlobId): Sighting => {
    const entry = entries.get(id)
    const hasTombstone = deleted.has(id)
    if (entry === undefined) return { kind: hasTombstone ? 'deleted' : 'absent' }
    const seen = looks?.get(id)
    if (entry.tag !== null || seen === undefined)
      return { kind: 'live', tag: entry.tag, sizeBytes: entry.sizeBytes, mayLook: entry.tag === null, hasTombstone }
    return seen === null
      ? { kind: 'leaving' }
      : { kind: 'live', tag: seen.tag, sizeBytes: seen.sizeBytes, mayLook: false, hasTombstone }
  }
}

const isSettled = (record: BlobRecord, { startedAtMs }: Comparison) =>
  record.changedAtMs >= startedAtMs || record.held === 'localOnly' || record.held === 'conflict'

const judge = (record: BlobRecord, seen: Sighting, at: Comparison): Verdict => {
  if (seen.kind === 'leaving') return null
  switch (record.status) {
    case 'PENDING_UPLOAD':
      return null
    case 'PENDING_DOWNLOAD':
      if (seen.kind === 'live') return judgeAwaited(record, seen, at)
      return seen.kind === 'absent' && isEvicted(record) ? judgeMissing(record, at) : remove(record, at)
    case 'FAILED_DOWNLOAD':
      if (seen.kind === 'live') return compareTags(record, seen, at)
      return seen.kind === 'deleted' ? remove(record, at) : null
    case 'PENDING_DELETE':
      return judgeErased(record, seen, at)
    case 'SYNCED':
      if (record.trashedAtMs !== null) return seen.kind === 'live' ? fetchAgain(record, seen, at) : null
      if (seen.kind === 'live') return compareTags(record, seen, at)
      return seen.kind === 'deleted' ? remove(record, at) : judgeMissing(record, at)
  }
}

const compareTags = (record: BlobRecord, seen: Sighting & { kind: 'live' }, at: Comparison): Verdict => {
  if (record.tag !== null && seen.mayLook && seen.hasTombstone) return { kind: 'look', id: record.id }
  if (record.tag !== null && seen.tag !== null && seen.tag !== record.tag) return fetchAgain(record, seen, at)
  if (record.missingSinceMs === null) return null
  return { kind: 'found', before: record, after: { ...record, missingSinceMs: null, changedAtMs: at.nowMs } }
}

/** It was here and verified, and was given up because the remote had it: that it vanished there is told, not forgotten. */
const isEvicted = ({ tag, isHere }: BlobRecord) => tag !== null && !isHere

const judgeAwaited = (record: BlobRecord, seen: Sighting & { kind: 'live' }, at: Comparison): Verdict => {
  const verdict = compareTags(record, seen, at)
  return verdict === null || verdict.kind === 'found' ? (release(record, seen, at) ?? verdict) : verdict
}

/** What was evicted stays so until it is asked for: fetched at the next list, it would be evicted again. */
const release = (record: BlobRecord, seen: Sighting & { kind: 'live' }, at: Comparison): Verdict => {
  if (record.held !== 'onDemand' || isEvicted(record) || heldUntilWanted(record, seen, at) !== null) return null
  const listedBytes = seen.sizeBytes ?? record.listedBytes
  return { kind: 'fetch', before: record, after: { ...record, ...restarted(at.nowMs), listedBytes, download: record.download } }
}

const heldUntilWanted = (
  { id, isPinned }: Pick<BlobRecord, 'id' | 'isPinned'>,
  { sizeBytes }: Pick<Entry, 'sizeBytes'>,
  { namespace, wants }: Comparison,
) => (isPinned || wants === undefined || wants({ namespace, id, sizeBytes }) ? null : 'onDemand')

const judgeErased = (record: BlobRecord, seen: Sighting, at: Comparison): Verdict => {
  if (record.erasedAtMs === null || record.erasedAtMs >= at.startedAtMs) return null
  if (seen.kind !== 'live') return { kind: 'forget', before: record }
  if (!record.uploadWasTried) return fetchAgain(record, seen, at)
  if (record.tag !== null && seen.mayLook) return { kind: 'look', id: record.id }
  if (record.tag !== null && seen.tag !== null && seen.tag !== record.tag) return fetchAgain(record, seen, at)
  return {
    kind: 'erase',
    before: record,
    after: { ...record, attempts: 0, dueAtMs: null, failure: null, erasedAtMs: null, changedAtMs: at.nowMs },
  }
}

const judgeMissing = (record: BlobRecord, { startedAtMs, nowMs }: Comparison): Verdict => {
  const before = record
  if (before.missingSinceMs === null) {
    return { kind: 'missing', before, after: { ...before, missingSinceMs: startedAtMs, changedAtMs: nowMs } }
  }
  if (!before.isHere || before.isExternal) return { kind: 'missing', before, after: before }
  if (before.missingSinceMs >= startedAtMs) return null
  const after: BlobRecord = { ...before, ...restarted(nowMs), status: 'PENDING_UPLOAD', seal: before.seal, uploadWasTried: false }
  return { kind: 'upload', before, after }
}

const remove = (record: BlobRecord, { nowMs }: Comparison): Change => {
  if (!record.isHere) return { kind: 'forget', before: record }
  const { seal, tag } = record
  return {
    kind: 'trash',
    before: record,
    after: { ...record, ...restarted(nowMs), status: 'SYNCED', seal, tag, trashedAtMs: nowMs },
  }
}

const fetchAgain = (record: BlobRecord, seen: Sighting & { kind: 'live' }, at: Comparison): Change => ({
  kind: 'fetch',
  before: record,
  after: {
    ...record,
    ...restarted(at.nowMs),
    status: 'PENDING_DOWNLOAD',
    held: heldUntilWanted(record, seen, at),
    listedBytes: seen.sizeBytes,
    uploadWasTried: false,
  },
})

const fetchNew = (id: BlobId, at: Comparison, listedBytes: number | null): Change => {
  const held = heldUntilWanted({ id, isPinned: false }, { sizeBytes: listedBytes }, at)
  const { namespace, nowMs } = at
  return {
    kind: 'fetch',
    before: null,
    after: newRecord({ namespace, id, status: 'PENDING_DOWNLOAD', held, listedBytes, changedAtMs: nowMs }),
  }
}

const restarted = (nowMs: number) => ({
  held: null,
  seal: null,
  tag: null,
  listedBytes: null,
  attempts: 0,
  dueAtMs: null,
  failure: null,
  missingSinceMs: null,
  erasedAtMs: null,
  trashedAtMs: null,
  upload: null,
  download: null,
  changedAtMs: nowMs,
})
