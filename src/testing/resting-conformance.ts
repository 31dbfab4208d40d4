import * as E from 'fp-ts/Either'
import { keyText } from '../model/ids'
import { bytesPayload } from '../model/payload'
import { restsHere, type BlobRecord } from '../model/record'
import type { Opened, RestingPower, Store } from '../store/store'
import { expectEqual, expectNone, expectRight, expectSome } from './expect'
import { bytes, done, key, recordOf } from './store-ground'

/** What a store with the power `resting` promises; without it, nothing. */
export const restingCases: readonly { readonly name: string; readonly keep: (store: Store) => Promise<void> }[] = [
  {
    name: 'resting: those at rest are counted by namespace, and all others read',
    keep: withPower(async (store, resting) => {
      await done(store.remember([...atRest, ...others]))
      expectOpened(await done(resting.open()))
    }),
  },
  {
    name: 'resting: each record is told at once as it was written last, at rest or not, and none that was removed',
    keep: withPower(async (store, resting) => {
      const [first = recordOf('a')] = atRest
      await done(store.write(first, bytesPayload(bytes(1000, 1))))
      expectPeek(resting, first)
      for (const given of [{ isPinned: true }, { held: 'localOnly' }, { status: 'PENDING_DELETE' }, {}] as const) {
        const changed = { ...first, ...given }
        await done(store.remember([changed]))
        expectPeek(resting, changed)
      }
      await done(store.drop({ ...first, isHere: false }))
      expectPeek(resting, { ...first, isHere: false })
      expectNone(expectRight(resting.peek(key('nobody')), 'peek'), 'a record that nobody wrote')
      expectNone(expectRight(resting.peek(key(first.id, 'elsewhere')), 'peek'), 'one of another namespace')
      await done(store.remove([first]))
      expectNone(expectRight(resting.peek(first), 'peek'), 'one that was removed')
      expectEqual(await done(resting.open()), { restless: [], counts: [] }, 'what is left')
    }),
  },
  {
    name: 'resting: a blob comes to rest, and leaves it',
    keep: withPower(async (store, resting) => {
      const one = recordOf('a', { sizeBytes: 7 })
      for (const isAtRest of [false, true, false, true]) {
        await done(store.remember([{ ...one, status: isAtRest ? 'SYNCED' : 'PENDING_UPLOAD' }]))
        const { restless, counts } = await done(resting.open())
        expectEqual(
          [restless.length, counts.length],
          isAtRest ? [0, 1] : [1, 0],
          `what there is while it ${isAtRest ? 'rests' : 'does not'}`,
        )
      }
    }),
  },
  {
    name: 'resting: all keys come once and in the order in which they came to the store, also thousands, and while others are written',
    keep: withPower(async (store, resting) => {
      const many = Array.from({ length: 2500 }, (_, index) =>
        recordOf(`${(index * 7919) % 2500}`, { status: index % 2 === 0 ? 'SYNCED' : 'PENDING_UPLOAD' }),
      )
      await done(store.remember(many))
      const keys: string[] = []
      for (const [text, read] of resting.all()) {
        if (keys.length === 100) await done(store.remember([{ ...(many[2000] ?? recordOf('a')), isPinned: true }]))
        if (keys.length === 200) await done(store.remove([many[2400] ?? key('a')]))
        keys.push(text)
        const known = many[keys.length - 1]
        if (known !== undefined && keys.length < 2000) expectEqual(expectRight(read(), 'a record'), known, 'the record')
      }
      expectEqual(keys, many.filter((_, index) => index !== 2400).map(keyText), 'the keys')
    }),
  },
  {
    name: 'resting: of a store that is closed, or not open yet, there is nothing',
    keep: withPower(async (store, resting) => {
      expectNothing(resting)
      await done(store.remember(atRest))
      await done(store.close())
      expectNothing(resting)
    }),
  },
]

export const restingRestarts = [
  {
    name: 'resting: those at rest are counted after a restart',
    before: (store: Store) => done(store.remember([...atRest, ...others])),
    after: async ({ resting }: Store) => {
      if (resting !== undefined) expectOpened(await done(resting.open()))
    },
  },
]

function withPower(keep: (store: Store, power: RestingPower) => Promise<void>) {
  return async (store: Store) => (store.resting === undefined ? undefined : keep(store, store.resting))
}

const resting = (id: string, given: Partial<BlobRecord> = {}, namespace?: string) =>
  recordOf(id, { status: 'SYNCED', sizeBytes: 100, ...given }, namespace)

const atRest: readonly BlobRecord[] = [
  resting('a'),
  resting('unknown-size', { sizeBytes: null }),
  resting('pinned', { isPinned: true, usedAtMs: 5, tag: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
  resting('b', { sizeBytes: 5 }, 'another'),
]

/** Each for a reason of its own; the failure says what would be at rest. */
const others: readonly BlobRecord[] = [
  resting('evicted', { isHere: false }),
  resting('trashed', { trashedAtMs: 1 }),
  resting('held', { held: 'corrupt' }),
  resting('up', { status: 'PENDING_UPLOAD' }),
  resting('down', { status: 'PENDING_DOWNLOAD', isHere: false }),
  resting('deleted', { status: 'PENDING_DELETE', erasedAtMs: 1 }),
  resting('failed', {
    status: 'FAILED_DOWNLOAD',
    failure: { _tag: 'Tampered', message: '"status":"SYNCED","held":null,"isHere":true,"trashedAtMs":null' },
  }),
]

const expectOpened = ({ restless, counts }: Opened): void => {
  expectEqual(atRest.every(restsHere) && !others.some(restsHere), true, 'what rests')
  const read = restless.map((record) => expectRight(record, 'a record'))
  expectEqual(sorted(read.map(keyText)), sorted(others.map(keyText)), 'those that do not rest')
  for (const record of read) expectEqual(record, others.find(({ id }) => id === record.id) ?? null, record.id)
  expectEqual(
    counts
      .toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1))
      .map(({ namespace, blobs, bytes: size }) => [namespace, blobs, size]),
    [
      ['another', 1, 5],
      ['default', 3, 200],
    ],
    'those at rest',
  )
}

const sorted = (texts: readonly string[]) => texts.toSorted()

const expectPeek = (power: RestingPower, expected: BlobRecord): void =>
  expectEqual(expectSome(expectRight(power.peek(expected), 'peek'), 'the record'), expected, 'the record')

const expectNothing = (power: RestingPower): void => {
  expectEqual(E.isRight(power.peek(key('a'))), true, 'whether it fails')
  expectNone(expectRight(power.peek(key('a')), 'peek'), 'a record')
  expectEqual([...power.all()].length, 0, 'keys')
}
