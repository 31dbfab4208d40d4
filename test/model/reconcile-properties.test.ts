import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { BlobId } from '../../src/model/ids'
import { type Change, type Comparison, reconcile } from '../../src/model/reconcile'
import { type BlobRecord, newRecord } from '../../src/model/record'
import type { Entry, ListedBlob } from '../../src/model/wire'
import { idOf, namespace, nowMs, someId, someRecord, someTag, startedAtMs } from './arbitrary'

const someEntry: fc.Arbitrary<Entry> = fc.record({ id: someId, sizeBytes: fc.option(fc.nat()), tag: someTag })
const byId = { selector: ({ id }: { readonly id: BlobId }) => id }

const someComparison: fc.Arbitrary<Comparison> = fc
  .record({
    records: fc.uniqueArray(someRecord(), byId),
    entries: fc.uniqueArray(someEntry, byId),
    tombstones: fc.uniqueArray(someId),
    looks: fc.uniqueArray(fc.tuple(someId, fc.option(someEntry)), { selector: ([id]) => id }),
  })
  .map(({ looks, ...lists }) => ({
    ...lists,
    namespace,
    startedAtMs,
    nowMs,
    looks: new Map(looks.map(([id, seen]) => [id, seen === null ? null : { ...seen, id }] as const)),
  }))

const idOfChange = (change: Change) => (change.before ?? ('after' in change ? change.after : change.before)).id
const isListed = ({ entries }: Comparison, id: BlobId) => entries.some((entry) => entry.id === id)

const applied = ({ records }: Comparison, changes: readonly Change[]): readonly BlobRecord[] => {
  const after = new Map(records.map((record) => [record.id, record]))
  for (const change of changes) {
    if (change.kind === 'forget') after.delete(change.before.id)
    else after.set(change.after.id, change.after)
  }
  return [...after.values()]
}

const sorted = (plan: ReturnType<typeof reconcile>) => ({
  changes: plan.changes.toSorted((a, b) => (idOfChange(a) < idOfChange(b) ? -1 : 1)),
  looks: plan.looks.toSorted(),
})

describe('whatever is listed', () => {
  test.prop([someComparison])('a pending upload is never touched', (comparison) => {
    for (const { before } of reconcile(comparison).changes) expect(before?.status).not.toBe('PENDING_UPLOAD')
  })

  test.prop([someComparison])('a local blob and a conflict are never touched', (comparison) => {
    for (const { before } of reconcile(comparison).changes) expect(['localOnly', 'conflict']).not.toContain(before?.held)
  })

  test.prop([someComparison])('what changed since the listing began is never touched', (comparison) => {
    for (const { before } of reconcile(comparison).changes) expect(before?.changedAtMs ?? 0).toBeLessThan(startedAtMs)
  })

  test.prop([someComparison])('each id that is listed and not known is fetched', (comparison) => {
    const known = new Set(comparison.records.map(({ id }) => id))
    const fetched = reconcile(comparison).changes.filter(({ before }) => before === null)
    const unknown = comparison.entries.map(({ id }) => id).filter((id) => !known.has(id))
    expect(new Set(fetched.map(idOfChange))).toEqual(new Set(unknown))
  })

  test.prop([someComparison])('a live blob is never trashed, forgotten or missing', (comparison) => {
    for (const change of reconcile(comparison).changes) {
      if (isListed(comparison, idOfChange(change))) expect(['fetch', 'found', 'erase']).toContain(change.kind)
      else expect(['fetch', 'found', 'erase']).not.toContain(change.kind)
    }
  })

  test.prop([someComparison])('bytes that are here stay here, but for those that the app deleted', (comparison) => {
    for (const change of reconcile(comparison).changes) {
      if (change.before === null || change.before.status === 'PENDING_DELETE') continue
      expect(change.kind === 'forget' ? false : change.after.isHere).toBe(change.before.isHere)
    }
  })

  test.prop([someComparison])('bytes go to the trash only, and stay out of it unless a listing lacks them', (comparison) => {
    for (const change of reconcile(comparison).changes) {
      const isTrashed = change.kind !== 'forget' && change.after.trashedAtMs !== null && change.before?.trashedAtMs === null
      expect(isTrashed).toBe(change.kind === 'trash' && change.before.trashedAtMs === null)
    }
  })

  test.prop([someComparison])('a seal survives only with the bytes that it sealed', (comparison) => {
    for (const change of reconcile(comparison).changes) {
      if (change.kind === 'forget') continue
      expect(change.after.seal).toBe(change.kind === 'fetch' ? null : change.before.seal)
    }
  })

  test.prop([someComparison])('one blob gets one change or one look, never both', (comparison) => {
    const { changes, looks } = reconcile(comparison)
    const ids = [...changes.map(idOfChange), ...looks]
    expect(ids).toHaveLength(new Set(ids).size)
  })

  test.prop([someComparison])('only live blobs that nobody looked at are looked at', (comparison) => {
    for (const id of reconcile(comparison).looks) {
      expect(isListed(comparison, id)).toBe(true)
      expect(comparison.looks?.has(id)).toBe(false)
    }
  })

  test.prop([someComparison])('answers to all looks leave no look', (comparison) => {
    const { looks: _none, ...first } = comparison
    const asked = reconcile(first).looks
    const looks = new Map(asked.map((id) => [id, comparison.looks?.get(id) ?? null]))
    expect(reconcile({ ...first, looks }).looks).toEqual([])
  })

  test.prop([someComparison, fc.infiniteStream(fc.nat())])('the order of the lists does not matter', (comparison, numbers) => {
    const shuffled = <A>(values: readonly A[]) =>
      values
        .map((value) => ({ value, rank: numbers.next().value ?? 0 }))
        .toSorted((a, b) => a.rank - b.rank)
        .map(({ value }) => value)
    const { records, entries, tombstones } = comparison
    const other = { ...comparison, records: shuffled(records), entries: shuffled(entries), tombstones: shuffled(tombstones) }
    expect(sorted(reconcile(other))).toEqual(sorted(reconcile(comparison)))
  })

  test.prop([someComparison])('the same lists once more ask for nothing more, but for what is missing', (comparison) => {
    // Records that the first pass left to the next round are no part of this.
    const isOld = (record: BlobRecord) => record.changedAtMs < startedAtMs && (record.erasedAtMs ?? 0) < startedAtMs
    const first = { ...comparison, records: comparison.records.filter(isOld) }
    const { changes } = reconcile(first)
    const wasMissing = new Set(changes.filter(({ kind }) => kind === 'missing').map(idOfChange))
    const second = reconcile({ ...first, records: applied(first, changes), startedAtMs: 2_000, nowMs: 2_100 })
    for (const change of second.changes) {
      expect(['missing', 'upload']).toContain(change.kind)
      expect(wasMissing).toContain(idOfChange(change))
    }
  })

  test.prop([someComparison, fc.func(fc.boolean())])('a policy decides what is held, and nothing else', (comparison, policy) => {
    const wants = ({ id }: ListedBlob) => policy(id)
    const free = reconcile(comparison)
    const { changes, looks } = reconcile({ ...comparison, wants })
    expect(looks).toEqual(free.looks)
    const given = new Map(changes.map((change) => [idOfChange(change), change]))
    for (const change of free.changes) {
      const id = idOfChange(change)
      if (change.kind !== 'fetch') {
        expect(given.get(id)).toEqual(change)
        continue
      }
      if (policy(id) || change.before?.isPinned === true) expect(given.get(id)).toEqual(change)
      else if (change.before?.status === 'PENDING_DOWNLOAD' && given.get(id)?.kind !== 'fetch')
        expect(change.before.held).toBe('onDemand')
      else expect(given.get(id)).toMatchObject({ kind: 'fetch', after: { ...change.after, held: 'onDemand' } })
    }
    expect(given.size).toBeLessThanOrEqual(free.changes.length)
  })

  test.prop([someComparison])('a plan never changes its input', (comparison) => {
    const before = structuredClone(comparison)
    reconcile(comparison)
    expect(comparison).toEqual(before)
  })
})

test('a hundred thousand blobs are compared in linear time', () => {
  const ids = Array.from({ length: 100_000 }, (_, nth) => idOf(`blob-${nth}`))
  const records = ids.map((id) => newRecord({ namespace, id, status: 'SYNCED', changedAtMs: 1, isHere: true, tag: 'T' }))
  const plan = reconcile({ namespace, records, entries: [], tombstones: ids.slice(1), startedAtMs, nowMs })
  expect(plan.changes.filter(({ kind }) => kind === 'trash')).toHaveLength(99_999)
})
