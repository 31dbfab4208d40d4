import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { Roster } from '../../machines'
import { keyText } from '../../src/model/ids'
import { newRecord, type BlobRecord } from '../../src/model/record'
import type { BlobView } from '../../src/options'
import { shownList } from '../../src/shown-list'
import { keyOf } from '../store/steps'

const recordOf = (n: number, given: Partial<BlobRecord> = {}) =>
  newRecord({ ...keyOf(`b${n}`), status: 'SYNCED', isHere: true, changedAtMs: 1, ...given })

/** A view is new where the record or the phase is. */
const viewer = (roster: Roster) => {
  const views = new Map<string, { readonly of: string; readonly view: BlobView }>()
  const looked: string[] = []
  const view = (record: BlobRecord): BlobView => {
    const text = keyText(record)
    const phase = roster.live.get(text)?.phase
    // One that comes to life is shown as before.
    const of = JSON.stringify([record, phase === 'entering' ? undefined : phase])
    looked.push(record.id)
    const known = views.get(text)
    // Only what is compared is of interest here.
    const shown = known?.of === of ? known.view : ({ of } as unknown as BlobView)
    views.set(text, { of, view: shown })
    return shown
  }
  return { view, looked }
}

test('whoever shows very many pays for those that changed', () => {
  const roster = new Roster()
  roster.replace(Array.from({ length: 1000 }, (_, n) => recordOf(n)))
  const { view, looked } = viewer(roster)
  const list = shownList(roster, view)
  const before = list()
  expect(looked).toHaveLength(1000)
  roster.set(recordOf(7, { priority: 'urgent' }))
  roster.delete(recordOf(8))
  const after = list()
  expect(looked.slice(1000)).toEqual(['b7'])
  expect(after).toHaveLength(999)
  expect(after.filter((each) => !before.includes(each))).toHaveLength(1)
  expect(list()).toBe(after)
})

const step = fc.record({
  kind: fc.constantFrom('set', 'trash', 'delete', 'enter', 'move', 'leave', 'replace', 'look'),
  n: fc.nat(2),
  sizeBytes: fc.nat(3),
})

propertyTest.prop([fc.array(step, { minLength: 30, maxLength: 60 })], { numRuns: 2000 })(
  'it is what a list of all is, whatever happens',
  (steps) => {
    const roster = new Roster()
    const { view } = viewer(roster)
    const list = shownList(roster, view)
    for (const { kind, n, sizeBytes } of steps) {
      const record = recordOf(n, { sizeBytes })
      const key = keyText(record)
      const live = roster.live.get(key)
      if (kind === 'set') roster.set(record)
      else if (kind === 'trash') roster.set({ ...record, trashedAtMs: 1 })
      else if (kind === 'delete') roster.delete(record)
      else if (kind === 'enter' && live === undefined && roster.byText(key) !== undefined) roster.enter(key, 0)
      else if (kind === 'move' && live !== undefined) roster.move(key, live, 'transferring')
      else if (kind === 'leave' && live !== undefined) roster.leave(key)
      else if (kind === 'replace') roster.replace(Array.from({ length: n }, (_, each) => recordOf(each, { sizeBytes })))
      else if (kind === 'look') list()
    }
    const kept = list()
    roster.unshown = null
    expect(new Set(kept)).toEqual(new Set(shownList(roster, view)()))
    expect(kept).toHaveLength(new Set(kept).size)
  },
)
