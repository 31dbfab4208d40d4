import { expect, test } from 'vitest'
import { Roster } from '../../machines'
import { keyText } from '../../src/model/ids'
import type { BlobRecord } from '../../src/model/record'
import { key, recordOf } from '../../src/testing/store-ground'

/** A roster over a disk of blobs at rest. */
const rosterOver = (...records: readonly BlobRecord[]) => {
  const disk = new Map(records.map((record) => [keyText(record), record]))
  const roster = new Roster()
  const bytes = records.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)
  roster.replace([], {
    peek: (text) => {
      const found = disk.get(text)
      return found === undefined ? undefined : { ...found }
    },
    all: () => Array.from(disk, ([text, record]) => [text, () => record] as const),
    counts: [{ namespace: key('a').namespace, blobs: records.length, bytes }],
  })
  const write = (record: BlobRecord) => disk.set(keyText(record), record)
  return { roster, disk, write }
}

const rested = (given: Partial<BlobRecord> = {}, id = 'a') => recordOf(id, { status: 'SYNCED', sizeBytes: 10, ...given })
const text = keyText(key('a'))
const here = (roster: Roster) => Array.from(roster.restless(), ({ id }) => id)
const figures = ({ tally, size }: Roster) => [tally.counts.SYNCED, tally.counts.PENDING_UPLOAD, tally.bytesHere, size]

test('a record that was written and not told of is as it was told last', () => {
  const { roster, write } = rosterOver(rested())
  roster.hold(text)
  write(rested({ sizeBytes: 30 }))
  expect(roster.byText(text)?.sizeBytes).toBe(10)
  roster.release(text)
  expect([roster.byText(text)?.sizeBytes, here(roster)]).toEqual([10, ['a']])
  roster.set(rested({ sizeBytes: 30 }))
  expect([roster.byText(text)?.sizeBytes, here(roster), figures(roster)]).toEqual([30, [], [1, 0, 30, 1]])
})

test('one that is told of while another word about it is written stays until that is told', () => {
  const { roster, write } = rosterOver(rested())
  roster.hold(text)
  write(rested({ sizeBytes: 20 }))
  roster.release(text)
  roster.hold(text)
  roster.set(rested({ sizeBytes: 20 }))
  expect(here(roster)).toEqual(['a'])
  write(rested({ sizeBytes: 30 }))
  expect(roster.byText(text)?.sizeBytes).toBe(20)
  roster.release(text)
  roster.set(rested({ sizeBytes: 30 }))
  expect([here(roster), figures(roster)]).toEqual([[], [1, 0, 30, 1]])
})

test('one that could not be written goes back to rest, and one that the store does not hold so stays', () => {
  const { roster } = rosterOver(rested())
  roster.hold(text)
  expect(here(roster)).toEqual(['a'])
  roster.release(text)
  expect([here(roster), figures(roster)]).toEqual([[], [1, 0, 10, 1]])
  roster.set(rested({ priority: 'high' }))
  expect([here(roster), roster.byText(text)?.priority]).toEqual([['a'], 'high'])
})

test('a blob that is written for the first time is not there until that is told, and neither is one that is put again while it goes', () => {
  const { roster, disk, write } = rosterOver()
  roster.hold(text)
  write(rested())
  roster.release(text)
  expect([roster.byText(text), [...roster.all()], figures(roster)]).toEqual([undefined, [], [0, 0, 0, 0]])
  roster.set(rested())
  expect([here(roster), figures(roster)]).toEqual([[], [1, 0, 10, 1]])
  roster.hold(text)
  disk.delete(text)
  roster.release(text)
  roster.hold(text)
  write(rested({ sizeBytes: 50 }))
  roster.delete(key('a'))
  expect([roster.byText(text), figures(roster)]).toEqual([undefined, [0, 0, 0, 0]])
  roster.release(text)
  roster.set(rested({ sizeBytes: 50 }))
  expect([roster.byText(text)?.sizeBytes, here(roster), figures(roster)]).toEqual([50, [], [1, 0, 50, 1]])
})

test('a first write that fails leaves nothing behind', () => {
  const { roster, write } = rosterOver()
  roster.hold(text)
  roster.release(text)
  write(rested())
  expect(roster.byText(text)).toBeDefined()
})

test('one that is observed or alive stays the same object until it is neither', () => {
  const { roster } = rosterOver(rested())
  roster.observe(text)
  roster.hold(text)
  roster.release(text)
  expect(here(roster)).toEqual(['a'])
  roster.enter(text, 0)
  roster.unobserve(text)
  expect(here(roster)).toEqual(['a'])
  roster.leave(text)
  expect([here(roster), figures(roster)]).toEqual([[], [1, 0, 10, 1]])
})

test('all are told once and in the order of the disk, whatever comes in meanwhile', () => {
  const ids = ['a', 'b', 'c', 'd']
  const { roster, write } = rosterOver(...ids.map((id) => rested({}, id)))
  roster.hold(keyText(key('b')))
  const told: string[] = []
  for (const { id } of roster.all()) {
    told.push(id)
    if (id !== 'b') continue
    roster.hold(keyText(key('a')))
    roster.hold(keyText(key('c')))
    roster.hold(keyText(key('e')))
    write(rested({}, 'e'))
  }
  expect(told).toEqual(ids)
})

test('payloads that are here are counted, of those at rest and of all others', () => {
  const { namespace } = key('a')
  const roster = new Roster()
  roster.replace([recordOf('up'), recordOf('gone', { status: 'SYNCED', isHere: false }), rested({ trashedAtMs: 1 }, 'trash')], {
    peek: () => undefined,
    all: () => [],
    counts: [{ namespace, blobs: 3, bytes: 30 }],
  })
  expect([roster.countHere(namespace), roster.tally.counts.SYNCED, roster.tally.bytesHere]).toEqual([5, 4, 30])
})
