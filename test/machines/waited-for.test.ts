import { describe, expect, test } from 'vitest'
import { batchSlotsOf, isWaitedFor, Roster } from '../../machines'
import type { Gates } from '../../machines/roster'
import { shareOut } from '../../machines/window'
import { keyText } from '../../src/model/ids'
import { newRecord, type BlobRecord } from '../../src/model/record'
import { expectRight } from '../../src/testing/expect'
import { blobKey } from '../../src/model/ids'

const open: Gates = { isOpen: true, isOnline: true, isPaused: false, uploads: 'all', isFull: false }
const BIG = 5_000_000

const blob = (id: string, given: Partial<BlobRecord> = {}): BlobRecord =>
  newRecord({ ...expectRight(blobKey(id), 'a key'), status: 'PENDING_UPLOAD', sizeBytes: 100_000, changedAtMs: 1, ...given })

/** A roster in which one big upload has the only slot, and others wait as records or as actors. */
const waiting = (others: readonly BlobRecord[], { transfers = 1, batches = false, asActors = false } = {}) => {
  const roster = new Roster()
  const shares = {
    roster,
    pace: { slots: transfers },
    liveActors: 64,
    accessRound: 0,
    batchSlots: batches ? batchSlotsOf(transfers) : 0,
    batchBlobs: 24,
  }
  const big = blob('big', { sizeBytes: BIG })
  roster.set(big)
  shareOut(shares, open)
  for (const other of others) {
    roster.set(other)
    if (!asActors) continue
    const live = roster.enter(keyText(other), 0)
    roster.move(keyText(other), live, 'queued')
  }
  return {
    roster,
    shares,
    isWaited: (gates: Partial<Gates> = {}, self = big) => {
      roster.gates = { ...open, ...gates }
      return isWaitedFor(shares, self)
    },
  }
}

describe.each([false, true])('a big blob that has the slot, others waiting as actors: %s', (asActors) => {
  const isWaited = (other: BlobRecord | null, gates?: Partial<Gates>, self?: BlobRecord) =>
    waiting(other === null ? [] : [other], { asActors }).isWaited(gates, self)

  test.each<[string, BlobRecord | null, boolean]>([
    ['nobody', null, false],
    ['a small one', blob('b'), true],
    ['a small one that is less pressing', blob('b', { priority: 'low' }), false],
    ['one of unknown size', blob('b', { status: 'PENDING_DOWNLOAD', sizeBytes: null }), true],
    ['a deletion', blob('b', { status: 'PENDING_DELETE' }), true],
    ['one as big', blob('b', { sizeBytes: BIG }), false],
    ['one as big and more pressing', blob('b', { sizeBytes: BIG, priority: 'high' }), true],
    ['one that backs off', blob('b', { dueAtMs: 5 }), false],
    ['one that is held', blob('b', { held: 'paused' }), false],
  ])('is waited for by %s: as it should be', (_, other, expected) => {
    expect(isWaited(other)).toBe(expected)
  })

  test('is not waited for by those who may not go', () => {
    const download = blob('b', { status: 'PENDING_DOWNLOAD' })
    expect(isWaited(download, { isFull: true })).toBe(false)
    expect(isWaited(download, { isFull: false })).toBe(true)
    expect(isWaited(blob('b'), { uploads: 'none' })).toBe(false)
    expect(isWaited(blob('b'), { isPaused: true })).toBe(false)
  })
})

test('of those that wait for a slot, small ones go before big ones of the same priority, in their order', () => {
  const roster = new Roster()
  const shares = { roster, pace: { slots: 1 }, liveActors: 64, accessRound: 0, batchSlots: 0, batchBlobs: 1 }
  const all = [
    blob('big-1', { sizeBytes: BIG }),
    blob('small-1'),
    blob('big-2', { sizeBytes: BIG }),
    blob('big-high', { sizeBytes: BIG, priority: 'high' }),
    blob('small-2'),
    blob('small-low', { priority: 'low' }),
    blob('big-listed', { status: 'PENDING_DOWNLOAD', sizeBytes: null, listedBytes: BIG }),
  ]
  for (const record of all) roster.set(record)
  const order: string[] = []
  for (let next = shareOut(shares, open)[0]; next?.kind === 'enter'; next = shareOut(shares, open)[0]) {
    order.push(next.record.id)
    roster.delete(next.record)
  }
  expect(order).toEqual(['big-high', 'small-1', 'small-2', 'big-1', 'big-2', 'big-listed', 'small-low'])
})

test('small ones that wait for a place in a batch do not take a slot from a big one that they could not use', () => {
  const small = (index: number) => blob(`small-${index}`, { sizeBytes: 10 })
  const { roster, shares, isWaited } = waiting([], { transfers: 3, batches: true })
  for (let index = 0; index < 100; index += 1) roster.set(small(index))
  shareOut(shares, open)
  // Two slots hold as many small ones as they can; the others wait.
  expect(roster.batched).toBe(48)
  expect(isWaited()).toBe(false)
  roster.set(blob('alone'))
  expect(isWaited()).toBe(true)
})
