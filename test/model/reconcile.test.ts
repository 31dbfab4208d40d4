import { describe, expect, test } from 'vitest'
import { failure } from '../../src/model/failure'
import { type Comparison, isMassRemoval, type Plan, reconcile, removalsOf } from '../../src/model/reconcile'
import { type BlobRecord, newRecord } from '../../src/model/record'
import type { Entry } from '../../src/model/wire'
import { idOf, namespace, nowMs, startedAtMs } from './arbitrary'

const id = idOf('a')
const nothing: Plan = { changes: [], looks: [] }
const entry = (tag: string | null = null): Entry => ({ id, sizeBytes: null, tag })
const record = (given: Partial<BlobRecord>) => newRecord({ namespace, id, status: 'SYNCED', changedAtMs: 1, ...given })
const synced = (given: Partial<BlobRecord> = {}) => record({ isHere: true, tag: 'T', seal: 'S', sizeBytes: 5, ...given })
const erased = (given: Partial<BlobRecord> = {}) =>
  record({ status: 'PENDING_DELETE', erasedAtMs: 500, tag: 'T', uploadWasTried: true, ...given })

const compare = (records: readonly BlobRecord[], lists: Partial<Comparison> = {}) =>
  reconcile({ namespace, records, entries: [], tombstones: [], startedAtMs, nowMs, ...lists })

const live = { entries: [entry()] }
const tagged = (tag: string) => ({ entries: [entry(tag)] })
const tombstone = { tombstones: [id] }
const inBoth = { entries: [entry()], tombstones: [id] }
const lookedAt = (answer: Entry | null) => ({ ...inBoth, looks: new Map([[id, answer]]) })

const only = (plan: Plan) => {
  expect(plan.looks).toEqual([])
  expect(plan.changes).toHaveLength(1)
  return plan.changes[0]
}

describe('a blob that is on the remote only', () => {
  test('is fetched', () => {
    const after = newRecord({ namespace, id, status: 'PENDING_DOWNLOAD', changedAtMs: nowMs })
    expect(compare([], live)).toEqual({ changes: [{ kind: 'fetch', before: null, after }], looks: [] })
  })

  test('is fetched once when two pages list it', () => {
    expect(only(compare([], { entries: [entry('T'), entry('T')] }))).toMatchObject({ kind: 'fetch' })
  })

  test('is fetched although a tombstone remains of an earlier one', () => {
    expect(only(compare([], inBoth))).toMatchObject({ kind: 'fetch', before: null })
  })

  test('is nothing when only its tombstone is listed', () => {
    expect(compare([], tombstone)).toEqual(nothing)
  })

  test('is not asked for again while its download is pending or held', () => {
    expect(compare([record({ status: 'PENDING_DOWNLOAD', attempts: 3 })], tagged('T'))).toEqual(nothing)
    expect(compare([record({ status: 'PENDING_DOWNLOAD', held: 'tooLarge' })], tagged('T'))).toEqual(nothing)
  })
})

describe('a policy', () => {
  const none = { wants: () => false }
  const waiting = record({ status: 'PENDING_DOWNLOAD', held: 'onDemand' })
  const evicted = record({ status: 'PENDING_DOWNLOAD', held: 'onDemand', tag: 'T', sizeBytes: 5 })

  test('is shown what the remote lists, and what it does not want waits on demand', () => {
    const shown: unknown[] = []
    const wants = (blob: unknown) => shown.push(blob) === 0
    const plan = compare([], { entries: [{ id, sizeBytes: 7, tag: null }], wants })
    expect(only(plan)).toMatchObject({ kind: 'fetch', after: { status: 'PENDING_DOWNLOAD', held: 'onDemand', listedBytes: 7 } })
    expect(shown).toEqual([{ namespace, id, sizeBytes: 7 }])
  })

  test('that wants a blob now releases it', () => {
    expect(only(compare([waiting], live))).toMatchObject({ kind: 'fetch', after: { status: 'PENDING_DOWNLOAD', held: null } })
    expect(compare([waiting], { ...live, ...none })).toEqual(nothing)
  })

  test.each([{ status: 'PENDING_DOWNLOAD' }, { status: 'PENDING_DOWNLOAD', held: 'forbidden' }] as const)(
    'does not stop what is under way, or held for another reason: %j',
    (given) => {
      expect(compare([record(given)], { ...live, ...none })).toEqual(nothing)
    },
  )

  test('has no say about what is here, was evicted, or is pinned', () => {
    expect(compare([synced()], { ...live, ...none })).toEqual(nothing)
    expect(compare([evicted], tagged('T'))).toEqual(nothing)
    const pinned = { ...waiting, isPinned: true }
    expect(only(compare([pinned], { ...live, ...none }))).toMatchObject({ after: { held: null } })
  })

  test('is asked again about a blob that was created again, and old bytes stay', () => {
    const after = { status: 'PENDING_DOWNLOAD', held: 'onDemand', tag: null }
    expect(only(compare([synced()], { ...tagged('U'), ...none }))).toMatchObject({ after: { ...after, isHere: true } })
    expect(only(compare([evicted], { ...tagged('U'), ...none }))).toMatchObject({ after: { ...after, isHere: false } })
  })

  test('a blob that was evicted and is lost by the remote is told as missing, not forgotten', () => {
    expect(only(compare([evicted]))).toMatchObject({ kind: 'missing', after: { held: 'onDemand', missingSinceMs: startedAtMs } })
    expect(only(compare([{ ...evicted, missingSinceMs: 5 }], tagged('T')))).toMatchObject({ kind: 'found' })
    expect(only(compare([evicted], tombstone))).toMatchObject({ kind: 'forget' })
    expect(only(compare([waiting]))).toMatchObject({ kind: 'forget' })
  })
})

describe('a blob that is here and there', () => {
  test.each([live, tagged('T'), lookedAt(entry('T')), lookedAt(entry())])('is left alone (%#)', (lists) => {
    expect(compare([synced()], lists)).toEqual(nothing)
  })

  test('that was created again with another tag is fetched, and the old bytes stay', () => {
    const before = synced({ attempts: 2, missingSinceMs: 7, uploadWasTried: true })
    expect(only(compare([before], tagged('U')))).toEqual({
      kind: 'fetch',
      before,
      after: record({ status: 'PENDING_DOWNLOAD', isHere: true, sizeBytes: 5, changedAtMs: nowMs }),
    })
  })

  test('is looked at when an id without a tag is in both lists', () => {
    expect(compare([synced()], inBoth)).toEqual({ changes: [], looks: [id] })
  })

  test('is looked at again next time when the look failed', () => {
    expect(compare([synced()], { ...inBoth, looks: new Map() })).toEqual({ changes: [], looks: [id] })
  })

  test('is fetched when the look shows another tag', () => {
    expect(only(compare([synced()], lookedAt(entry('U'))))).toMatchObject({ kind: 'fetch', after: { isHere: true, tag: null } })
  })

  test('waits for the next listing when the look shows nothing', () => {
    expect(compare([synced()], lookedAt(null))).toEqual(nothing)
  })
})

describe('a tombstone', () => {
  test('moves the copy here to the trash', () => {
    const before = synced()
    const after = { ...before, trashedAtMs: nowMs, changedAtMs: nowMs }
    expect(only(compare([before], tombstone))).toEqual({ kind: 'trash', before, after })
  })

  test('makes a blob forgotten whose payload is not here', () => {
    const before = synced({ isHere: false })
    expect(only(compare([before], tombstone))).toEqual({ kind: 'forget', before })
  })

  test('ends a download that was pending or failed', () => {
    expect(only(compare([record({ status: 'PENDING_DOWNLOAD' })], tombstone))).toMatchObject({ kind: 'forget' })
    expect(only(compare([record({ status: 'FAILED_DOWNLOAD' })], tombstone))).toMatchObject({ kind: 'forget' })
  })

  test('moves old bytes to the trash when the new ones never came', () => {
    for (const status of ['PENDING_DOWNLOAD', 'FAILED_DOWNLOAD'] as const) {
      expect(only(compare([record({ status, isHere: true })], tombstone))).toMatchObject({
        kind: 'trash',
        after: { status: 'SYNCED', isHere: true, trashedAtMs: nowMs },
      })
    }
  })

  test('does nothing to what is in the trash already', () => {
    expect(compare([synced({ trashedAtMs: 5 })], tombstone)).toEqual(nothing)
  })

  test('does nothing to a live blob of the same tag', () => {
    expect(compare([synced()], { ...tagged('T'), ...tombstone })).toEqual(nothing)
  })

  test('does not touch a pending upload', () => {
    expect(compare([record({ status: 'PENDING_UPLOAD', isHere: true })], tombstone)).toEqual(nothing)
  })
})

describe('what is left alone whatever is listed', () => {
  const lists = [{}, live, tagged('U'), tombstone, inBoth, lookedAt(entry('U'))]
  const records = {
    'a pending upload': record({ status: 'PENDING_UPLOAD', isHere: true, seal: 'S' }),
    'a pending upload of which a PUT was tried': record({ status: 'PENDING_UPLOAD', isHere: true, uploadWasTried: true }),
    'a local blob': record({ status: 'PENDING_UPLOAD', held: 'localOnly', isHere: true }),
    'a conflict': record({ status: 'PENDING_UPLOAD', held: 'conflict', isHere: true }),
    'a record that changed as the listing began': synced({ changedAtMs: startedAtMs }),
    'a record that changed since': record({ status: 'PENDING_DOWNLOAD', changedAtMs: nowMs }),
    'a delete that the remote has not heard': record({ status: 'PENDING_DELETE', tag: 'T', uploadWasTried: true }),
    'a delete that the remote heard after the listing began': erased({ erasedAtMs: startedAtMs }),
  }
  test.each(Object.entries(records))('%s', (_name, before) => {
    for (const list of lists) expect(compare([before], list)).toEqual(nothing)
  })
})

describe('a failed download', () => {
  const failed = record({ status: 'FAILED_DOWNLOAD', failure: failure('Tampered', 'why'), tag: 'T' })

  test.each([{}, live, tagged('T'), lookedAt(entry('T')), lookedAt(null)])('stays failed (%#)', (lists) => {
    expect(compare([failed], lists)).toEqual(nothing)
  })

  test('stays failed when nobody knows the tag that failed', () => {
    expect(compare([{ ...failed, tag: null }], tagged('U'))).toEqual(nothing)
  })

  test('is fetched once it was created again', () => {
    expect(only(compare([failed], tagged('U')))).toMatchObject({
      kind: 'fetch',
      after: { status: 'PENDING_DOWNLOAD', failure: null },
    })
  })

  test('is looked at when an id without a tag is in both lists', () => {
    expect(compare([failed], inBoth)).toEqual({ changes: [], looks: [id] })
  })
})

describe('a blob that is gone without a tombstone', () => {
  test('is reported first', () => {
    const before = synced()
    const after = { ...before, missingSinceMs: startedAtMs, changedAtMs: nowMs }
    expect(only(compare([before]))).toEqual({ kind: 'missing', before, after })
  })

  test('is not uploaded because of the same listing', () => {
    expect(compare([synced({ missingSinceMs: startedAtMs })])).toEqual(nothing)
  })

  test('is uploaded again when a later listing agrees, as the same ciphertext', () => {
    const before = synced({ missingSinceMs: 5, uploadWasTried: true })
    expect(only(compare([before]))).toEqual({
      kind: 'upload',
      before,
      after: { ...before, status: 'PENDING_UPLOAD', tag: null, missingSinceMs: null, uploadWasTried: false, changedAtMs: nowMs },
    })
  })

  test('is found when it is listed again', () => {
    const before = synced({ missingSinceMs: 5 })
    expect(only(compare([before], live))).toEqual({
      kind: 'found',
      before,
      after: { ...before, missingSinceMs: null, changedAtMs: nowMs },
    })
  })

  test.each([{ isHere: false }, { isExternal: true }])(
    'is reported each time and kept when it cannot be uploaded: %j',
    (given) => {
      expect(only(compare([synced(given)]))).toMatchObject({ kind: 'missing', after: { missingSinceMs: startedAtMs } })
      const before = synced({ ...given, missingSinceMs: 5 })
      expect(only(compare([before]))).toEqual({ kind: 'missing', before, after: before })
    },
  )

  test('stays in the trash', () => {
    expect(compare([synced({ trashedAtMs: 5 })])).toEqual(nothing)
  })

  test('is forgotten when it had never arrived', () => {
    expect(only(compare([record({ status: 'PENDING_DOWNLOAD' })]))).toMatchObject({ kind: 'forget' })
  })

  test('is never forgotten when old bytes of it are here', () => {
    expect(only(compare([record({ status: 'PENDING_DOWNLOAD', isHere: true })]))).toMatchObject({ kind: 'trash' })
  })
})

describe('a blob in the trash', () => {
  test('that is live again is fetched, and its bytes stay until then', () => {
    expect(only(compare([synced({ trashedAtMs: 5 })], live))).toMatchObject({
      kind: 'fetch',
      after: { status: 'PENDING_DOWNLOAD', isHere: true, trashedAtMs: null },
    })
  })
})

describe('a blob that was deleted here', () => {
  test.each([{}, tombstone])('is forgotten once a later listing lacks it (%#)', (lists) => {
    const before = erased()
    expect(only(compare([before], lists))).toEqual({ kind: 'forget', before })
  })

  test.each([tagged('T'), lookedAt(entry('T')), lookedAt(entry())])(
    'is erased again when its own upload came late (%#)',
    (lists) => {
      const before = erased({ attempts: 2 })
      const after = { ...before, attempts: 0, erasedAtMs: null, changedAtMs: nowMs }
      expect(only(compare([before], lists))).toEqual({ kind: 'erase', before, after })
    },
  )

  test('is erased again when an upload was tried whose tag nobody knows', () => {
    expect(only(compare([erased({ tag: null })], tagged('U')))).toMatchObject({ kind: 'erase' })
  })

  test.each([tagged('U'), lookedAt(entry('U'))])('is fetched when another device created it again (%#)', (lists) => {
    expect(only(compare([erased()], lists))).toMatchObject({ kind: 'fetch', after: { erasedAtMs: null, uploadWasTried: false } })
  })

  test.each([live, tagged('T'), tagged('U')])('is fetched when it was never uploaded from here (%#)', (lists) => {
    expect(only(compare([erased({ uploadWasTried: false })], lists))).toMatchObject({ kind: 'fetch' })
  })

  test.each([live, inBoth])('is looked at when the lists do not tell whose it is (%#)', (lists) => {
    expect(compare([erased()], lists)).toEqual({ changes: [], looks: [id] })
  })

  test('waits for the next listing when the look shows nothing', () => {
    expect(compare([erased()], lookedAt(null))).toEqual(nothing)
  })
})

describe('very many removals', () => {
  test('are those of copies that go to the trash', () => {
    const names = ['a', 'b', 'c', 'd'].map(idOf)
    const records = names.map((name, nth) => synced({ id: name, isHere: nth !== 0 }))
    expect(removalsOf(compare(records, { tombstones: names.slice(0, 3) }))).toBe(2)
  })

  test.each([
    [101, 201, true],
    [101, 202, false],
    [100, 100, false],
    [100, 150, false],
    [101, 101, true],
    [5_000, 20_000, false],
    [0, 0, false],
  ])('%i of %i need the app to confirm: %s', (removals, total, isMass) => {
    expect(isMassRemoval(removals, total)).toBe(isMass)
  })
})
