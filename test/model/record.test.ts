import { fc, test } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { describe, expect } from 'vitest'
import { BlobRecord, HeldReason, isActive, newRecord, Priority, rankOf, Status } from '../../src/model/record'
import { idOf, namespace, someRecord } from './arbitrary'

/** Fields that came after the first version, and what their absence means. */
const later = { isPinned: false, usedAtMs: null, upload: null, download: null }

const fresh = newRecord({ namespace, id: idOf('a'), status: 'PENDING_UPLOAD', changedAtMs: 1 })

describe('records', () => {
  test.prop([someRecord()])('a record comes back from JSON as it was', (record) => {
    expect(BlobRecord.decode(JSON.parse(JSON.stringify(BlobRecord.encode(record))))).toEqual(E.right(record))
  })

  test.prop([someRecord(), fc.nat()])('a record that lacks a field does not decode', (record, nth) => {
    const fields = Object.entries(record).filter(([field]) => !(field in later))
    fields.splice(nth % fields.length, 1)
    expect(E.isLeft(BlobRecord.decode(Object.fromEntries(fields)))).toBe(true)
  })

  test.prop([someRecord(), fc.subarray(Object.keys(later))])(
    'a record from before a field came means what it did',
    (record, gone) => {
      const before = Object.fromEntries(Object.entries(record).filter(([field]) => !gone.includes(field)))
      const meant = Object.fromEntries(Object.entries(later).filter(([field]) => gone.includes(field)))
      expect(BlobRecord.decode(JSON.parse(JSON.stringify(before)))).toEqual(E.right({ ...record, ...meant }))
    },
  )

  const wrong: readonly (readonly [keyof BlobRecord, unknown])[] = [
    ['version', 2],
    ['version', '1'],
    ['namespace', '../x'],
    ['id', '../x'],
    ['id', ''],
    ['status', 'synced'],
    ['status', 'DELETED'],
    ['status', 'constructor'],
    ['held', 'bored'],
    ['priority', 2],
    ['sizeBytes', '12'],
    ['listedBytes', '12'],
    ['isHere', 1],
    ['seal', 7],
    ['tag', 7],
    ['isExternal', null],
    ['uploadWasTried', 'true'],
    ['attempts', null],
    ['dueAtMs', '2026-01-01'],
    ['failure', { _tag: 'Gone', message: 'x' }],
    ['failure', { _tag: 'ServerError', message: 'x' }],
    ['missingSinceMs', false],
    ['erasedAtMs', 'never'],
    ['trashedAtMs', []],
    ['isPinned', null],
    ['isPinned', 'yes'],
    ['usedAtMs', 'yesterday'],
    ['upload', 'https://blobs.example/uploads/5'],
    ['upload', { session: 5, sentBytes: 1 }],
    ['upload', { session: '5' }],
    ['download', { checkpoint: null, sizeBytes: 1, tag: null }],
    ['download', { checkpoint: { seal: 's', encryptedBytes: 1 }, sizeBytes: 1, tag: null }],
    ['download', { checkpoint: { seal: 's', encryptedBytes: 1, plaintextBytes: 1 }, sizeBytes: '1', tag: null }],
    ['changedAtMs', null],
  ]
  test.each(wrong)('%s does not decode as %j', (field, value) => {
    expect(E.isLeft(BlobRecord.decode({ ...fresh, [field]: value }))).toBe(true)
  })

  test('each field of a record has its damage above', () => {
    expect(new Set(wrong.map(([field]) => field))).toEqual(new Set(Object.keys(fresh)))
  })

  test.each([null, undefined, 'record', 1, []])('%j is no record', (value) => {
    expect(E.isLeft(BlobRecord.decode(value))).toBe(true)
  })

  test.prop([fc.jsonValue()])('whatever JSON holds either decodes or does not, and never throws', (value) => {
    expect(E.isLeft(BlobRecord.decode(value))).toBe(true)
  })

  test('a new record decodes', () => {
    expect(BlobRecord.decode(fresh)).toEqual(E.right(fresh))
  })

  test('what is given to a new record wins', () => {
    expect(newRecord({ ...fresh, priority: 'urgent', held: 'localOnly' })).toMatchObject({
      priority: 'urgent',
      held: 'localOnly',
    })
  })

  test('urgent comes before high, high before medium, medium before low', () => {
    const ranked = Object.keys(Priority.keys).filter(Priority.is)
    expect(ranked.toSorted((a, b) => rankOf[b] - rankOf[a])).toEqual(['urgent', 'high', 'medium', 'low'])
  })
})

describe('a blob has work', () => {
  const active = { SYNCED: false, PENDING_UPLOAD: true, PENDING_DOWNLOAD: true, FAILED_DOWNLOAD: false, PENDING_DELETE: true }

  test.each(Object.keys(Status.keys).filter(Status.is))('in %s when it should', (status) => {
    expect(isActive({ ...fresh, status })).toBe(active[status])
  })

  test.each(Object.keys(HeldReason.keys).filter(HeldReason.is))('never while it is held as %s', (held) => {
    expect(isActive({ ...fresh, held })).toBe(false)
  })

  test('never in the trash', () => {
    expect(isActive({ ...fresh, trashedAtMs: 1 })).toBe(false)
  })

  test('no longer once the remote has erased it', () => {
    expect(isActive({ ...fresh, status: 'PENDING_DELETE', erasedAtMs: 1 })).toBe(false)
  })
})
