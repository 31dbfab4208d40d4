import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { TaskEither } from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import { bytesPayload } from '../model/payload'
import type { Store } from '../store/store'
import type { Case } from './case'
import { expectBytes, expectEqual, expectLeft, expectNone, expectRight, expectSome, expectTrue } from './expect'
import { keepingCases, keepingRestarts } from './keeping-conformance'
import { notesCases, notesRestarts } from './notes-conformance'
import { restingCases, restingRestarts } from './resting-conformance'
import { bytes, done, expectPayload, expectRecord, inParts, key, recordOf } from './store-ground'

/**
 * The promises of every store.
 *
 * @param open Gives a fresh, empty store. Each case closes what it opened.
 * @param reopen Opens again what the latest `open` gave, as after a restart; without it, nothing is checked about restarts.
 */
export const storeConformance = (open: () => Promise<Store>, reopen?: () => Promise<Store>): readonly Case[] => [
  ...[...promises, ...keepingCases, ...notesCases, ...restingCases].map(({ name, keep }) => ({
    name,
    run: async () => {
      const store = await open()
      try {
        await keep(store)
      } finally {
        await store.close()()
      }
    },
  })),
  ...(reopen === undefined
    ? []
    : [...restarts, ...keepingRestarts, ...notesRestarts, ...restingRestarts].map((restart) =>
        restartCase(restart, open, reopen),
      )),
]

const restartCase = ({ name, before, after }: Restart, open: () => Promise<Store>, reopen: () => Promise<Store>): Case => ({
  name,
  run: async () => {
    const store = await open()
    try {
      await before(store)
    } finally {
      await store.close()()
    }
    const again = await reopen()
    try {
      await after(again)
    } finally {
      await again.close()()
    }
  },
})

interface StorePromise {
  readonly name: string
  readonly keep: (store: Store) => Promise<void>
}

interface Restart {
  readonly name: string
  readonly before: (store: Store) => Promise<void>
  readonly after: (store: Store) => Promise<void>
}

const sizes = [0, 1, 10_000, 65_536, 65_537, 262_144, 262_145]

const promises: readonly StorePromise[] = [
  {
    name: 'an empty store holds nothing, and says so without failing',
    keep: async (store) => {
      expectEqual((await done(store.records())).length, 0, 'records')
      expectNone(await done(store.record(key('a'))), 'record')
      expectNone(await done(store.read(key('a'))), 'payload')
    },
  },
  ...sizes.map((size): StorePromise => ({
    name: `a payload of ${size} bytes and its record come back as they were written`,
    keep: async (store) => {
      const record = recordOf('a', { sizeBytes: size, seal: 'seal', priority: 'high' })
      const given = bytes(size, 1)
      await done(store.write(record, bytesPayload(given)))
      await expectPayload(store, record, bytes(size, 1))
      await expectRecord(store, record)
      expectBytes(given, bytes(size, 1), 'what was given')
    },
  })),
  {
    name: 'the same write twice is harmless',
    keep: async (store) => {
      for (const _ of [1, 2]) await done(store.write(recordOf('a'), bytesPayload(bytes(100_000, 1))))
      await expectPayload(store, key('a'), bytes(100_000, 1))
      expectEqual((await done(store.records())).length, 1, 'records')
    },
  },
  {
    name: 'a write replaces payload and record, whatever the sizes',
    keep: async (store) => {
      for (const [index, size] of [...sizes, ...sizes.toReversed()].entries()) {
        const record = recordOf('a', { sizeBytes: size, changedAtMs: index })
        await done(store.write(record, bytesPayload(bytes(size, index))))
        await expectPayload(store, record, bytes(size, index))
        await expectRecord(store, record)
      }
    },
  },
  {
    name: 'records change without touching payloads, and may come first',
    keep: async (store) => {
      await done(store.write(recordOf('a'), bytesPayload(bytes(10, 1))))
      await done(store.write(recordOf('b'), bytesPayload(bytes(100_000, 2))))
      const changed = ['a', 'b', 'c'].map((id) => recordOf(id, { status: 'SYNCED', changedAtMs: 7 }))
      await done(store.remember(changed))
      for (const record of changed) await expectRecord(store, record)
      await expectPayload(store, key('a'), bytes(10, 1))
      await expectPayload(store, key('b'), bytes(100_000, 2))
      expectNone(await done(store.read(key('c'))), 'the payload of a blob that has only a record')
    },
  },
  {
    name: 'every field of a record comes back',
    keep: async (store) => {
      const record = recordOf('a', {
        status: 'PENDING_DELETE',
        held: 'conflict',
        priority: 'urgent',
        sizeBytes: 3,
        isHere: true,
        seal: 'ab',
        tag: 'AAAAAAAAAAAAAAAAAAAAAA==',
        isExternal: true,
        uploadWasTried: true,
        attempts: 9,
        dueAtMs: 1_700_000_000_000,
        failure: { _tag: 'Throttled', message: '“slow”, they said: ü\u0000', retryAfterMs: 5, all: true },
        missingSinceMs: 1,
        erasedAtMs: 2,
        trashedAtMs: 3,
        isPinned: true,
        usedAtMs: 4,
        upload: { session: 'https://blobs.example/uploads/u/5', sentBytes: 6 },
        download: {
          checkpoint: { seal: 'ab', encryptedBytes: 8, plaintextBytes: 7 },
          sizeBytes: 9,
          tag: 'BAAAAAAAAAAAAAAAAAAAAA==',
        },
      })
      await done(store.remember([record]))
      await expectRecord(store, record)
    },
  },
  {
    name: 'records lists every blob of every namespace',
    keep: async (store) => {
      const records = ['x', 'y'].flatMap((namespace) => ['1', '2', '3'].map((id) => recordOf(id, {}, namespace)))
      await done(store.remember(records))
      const listed = (await done(store.records())).map((record) => keyText(expectRight(record, 'a listed record')))
      expectEqual(listed.toSorted(), records.map(keyText).toSorted(), 'listed')
    },
  },
  {
    name: 'ids that differ in case or namespace only are different blobs',
    keep: async (store) => {
      const records = [recordOf('aa'), recordOf('AA'), recordOf('aa', {}, 'Default')]
      for (const [index, record] of records.entries()) await done(store.write(record, bytesPayload(bytes(70_000, index))))
      for (const [index, record] of records.entries()) await expectPayload(store, record, bytes(70_000, index))
    },
  },
  {
    name: 'the longest id is stored like any other',
    keep: async (store) => {
      const record = recordOf('z'.repeat(254), {}, 'n'.repeat(254))
      await done(store.write(record, bytesPayload(bytes(70_000, 1))))
      await expectPayload(store, record, bytes(70_000, 1))
      await expectRecord(store, record)
    },
  },
  {
    name: 'drop keeps the record and forgets the payload, also one that is not there',
    keep: async (store) => {
      for (const [id, size] of [
        ['a', 10],
        ['b', 100_000],
      ] as const) {
        await done(store.write(recordOf(id), bytesPayload(bytes(size, 1))))
        for (const changedAtMs of [5, 6]) {
          await done(store.drop(recordOf(id, { isHere: false, changedAtMs })))
          await expectRecord(store, recordOf(id, { isHere: false, changedAtMs }))
          expectNone(await done(store.read(key(id))), 'the dropped payload')
        }
      }
      await done(store.drop(recordOf('new')))
      await expectRecord(store, recordOf('new'))
    },
  },
  {
    name: 'remove forgets records and payloads, and absence is no failure',
    keep: async (store) => {
      await done(store.write(recordOf('a'), bytesPayload(bytes(10, 1))))
      await done(store.write(recordOf('b'), bytesPayload(bytes(100_000, 1))))
      await done(store.write(recordOf('c'), bytesPayload(bytes(10, 3))))
      await done(store.remove([key('a'), key('b'), key('never')]))
      for (const id of ['a', 'b']) {
        expectNone(await done(store.record(key(id))), `the record of ${id}`)
        expectNone(await done(store.read(key(id))), `the payload of ${id}`)
      }
      await expectPayload(store, key('c'), bytes(10, 3))
      await done(store.write(recordOf('a'), bytesPayload(bytes(5, 9))))
      await expectPayload(store, key('a'), bytes(5, 9))
    },
  },
  {
    name: 'nothing of no records and no keys is done without failing',
    keep: async (store) => {
      await done(store.remember([]))
      await done(store.remove([]))
      expectEqual((await done(store.records())).length, 0, 'records')
    },
  },
  {
    name: 'many writes at once all arrive',
    keep: async (store) => {
      const ids = Array.from({ length: 60 }, (_, index) => `blob-${index}`)
      await Promise.all(ids.map((id, index) => done(store.write(recordOf(id), bytesPayload(bytes(index * 3_000, index))))))
      for (const [index, id] of ids.entries()) await expectPayload(store, key(id), bytes(index * 3_000, index))
    },
  },
  {
    name: 'staged bytes are unreadable until committed, then whole',
    keep: async (store) => {
      for (const [id, size] of [
        ['empty', 0],
        ['small', 1_000],
        ['large', 300_000],
      ] as const) {
        const staging = await done(store.stage(key(id)))
        for (const part of inParts(bytes(size, 4))) await done(staging.append(part))
        expectNone(await done(store.read(key(id))), 'the payload before the commit')
        expectNone(await done(store.record(key(id))), 'the record before the commit')
        await done(staging.commit(recordOf(id)))
        await expectPayload(store, key(id), bytes(size, 4))
        await expectRecord(store, recordOf(id))
        await done(staging.discard())
        await expectPayload(store, key(id), bytes(size, 4))
      }
    },
  },
  {
    name: 'a staging that is discarded, also twice, leaves what was there',
    keep: async (store) => {
      for (const size of [10, 200_000]) {
        await done(store.write(recordOf('a'), bytesPayload(bytes(size, 1))))
        const staging = await done(store.stage(key('a')))
        await done(staging.append(bytes(size, 2)))
        await done(staging.discard())
        await done(staging.discard())
        expectLeft(await staging.commit(recordOf('a', { changedAtMs: 99 }))(), 'a commit after the discard')
        await expectPayload(store, key('a'), bytes(size, 1))
        await expectRecord(store, recordOf('a'))
      }
    },
  },
  {
    name: 'a commit replaces what was there, and several stagings keep apart',
    keep: async (store) => {
      await done(store.write(recordOf('a'), bytesPayload(bytes(200_000, 1))))
      const [one, other] = [await done(store.stage(key('a'))), await done(store.stage(key('b')))]
      for (const part of inParts(bytes(150_000, 5))) {
        await done(one.append(part))
        await done(other.append(part.map((byte) => byte ^ 255)))
      }
      await done(one.commit(recordOf('a', { changedAtMs: 8 })))
      await done(other.commit(recordOf('b')))
      await expectPayload(store, key('a'), bytes(150_000, 5))
      await expectRecord(store, recordOf('a', { changedAtMs: 8 }))
      await expectPayload(
        store,
        key('b'),
        bytes(150_000, 5).map((byte) => byte ^ 255),
      )
    },
  },
  {
    name: 'a payload is read in parts, and as a Blob, as often as one likes',
    keep: async (store) => {
      for (const size of [1_000, 300_000]) {
        const whole = bytes(size, 1)
        await done(store.write(recordOf('a', { sizeBytes: size }), bytesPayload(whole)))
        const payload = expectSome(await done(store.read(key('a'))), 'the payload')
        expectEqual(payload.sizeBytes, size, 'its size in bytes')
        for (const [from, to] of [
          [0, 1],
          [size - 1, size],
          [500, 700],
          [500, 500],
          [0, size],
        ] as const) {
          expectBytes(await done(payload.read(from, to)), whole.slice(from, to), `bytes ${from} to ${to} of ${size}`)
        }
        const blob = await done(payload.blob())
        expectBytes(new Uint8Array(await blob.arrayBuffer()), whole, 'the Blob')
      }
    },
  },
  {
    name: 'a payload that cannot be read is not stored, its failure is told, and what was there stays',
    keep: async (store) => {
      await done(store.write(recordOf('a'), bytesPayload(bytes(10, 1))))
      for (const sizeBytes of [1_000, 300_000]) {
        const gone = () => TE.left(failure('Corrupt', 'The payload is gone.'))
        expectLeft(
          await store.write(recordOf('a', { sizeBytes }), { sizeBytes, read: gone, blob: gone })(),
          'the write',
          'Corrupt',
        )
      }
      await expectPayload(store, key('a'), bytes(10, 1))
      await expectRecord(store, recordOf('a'))
    },
  },
  {
    name: 'a task can be made without running, and run more than once',
    keep: async (store) => {
      const write = store.write(recordOf('a'), bytesPayload(bytes(10, 1)))
      expectNone(await done(store.record(key('a'))), 'a record whose write has not begun')
      await done(write)
      await done(write)
      await expectPayload(store, key('a'), bytes(10, 1))
    },
  },
  {
    name: 'close waits for what is under way',
    keep: async (store) => {
      await done(store.records())
      const writes = [1, 2, 3].map((seed) => store.write(recordOf(`b${seed}`), bytesPayload(bytes(seed * 60_000, seed)))())
      let written = 0
      for (const write of writes) void write.then((result) => (written += E.isRight(result) ? 1 : 0))
      await done(store.close())
      expectEqual(written, 3, 'writes that ended before close did')
    },
  },
  {
    name: 'after close every call fails as StorageBroken, and a second close is harmless',
    keep: async (store) => {
      const staging = await done(store.stage(key('a')))
      await done(store.close())
      await done(store.close())
      const calls: [string, TaskEither<Failure, unknown>][] = [
        ['records', store.records()],
        ['record', store.record(key('a'))],
        ['read', store.read(key('a'))],
        ['write', store.write(recordOf('a'), bytesPayload(bytes(1, 1)))],
        ['remember', store.remember([recordOf('a')])],
        ['drop', store.drop(recordOf('a'))],
        ['remove', store.remove([key('a')])],
        ['stage', store.stage(key('a'))],
        ['append', staging.append(bytes(1, 1))],
        ['commit', staging.commit(recordOf('a'))],
      ]
      if (store.room !== undefined) calls.push(['room', store.room()])
      for (const [name, call] of calls) expectLeft(await call(), `${name} after close`, 'StorageBroken')
      await done(staging.discard())
    },
  },
  {
    name: 'room, where the store can tell it, is bytes in use and bytes in all, and is told again after each write',
    keep: async (store) => {
      if (store.room === undefined) return
      const expectRoom = async () => {
        const { usedBytes, quotaBytes } = await done(store.room?.() ?? TE.left(failure('Corrupt', 'The power has gone.')))
        for (const [what, value] of Object.entries({ usedBytes, quotaBytes }))
          expectTrue(Number.isFinite(value) && value >= 0, `${what} is a number of bytes, not ${value}`)
      }
      await expectRoom()
      await done(store.write(recordOf('a'), bytesPayload(bytes(400_000, 1))))
      await expectRoom()
      await done(store.drop(recordOf('a', { isHere: false })))
      await expectRoom()
    },
  },
  {
    name: 'a store that was never used closes',
    keep: async (store) => {
      await done(store.close())
    },
  },
]

const restarts: readonly Restart[] = [
  {
    name: 'what was written is there after a restart',
    before: async (store) => {
      for (const [index, size] of sizes.entries())
        await done(store.write(recordOf(`b${index}`), bytesPayload(bytes(size, index))))
      await done(store.remember([recordOf('b0', { status: 'SYNCED' }), recordOf('only-a-record')]))
      await done(store.drop(recordOf('b1', { isHere: false })))
      await done(store.remove([key('b2')]))
    },
    after: async (store) => {
      expectEqual((await done(store.records())).length, sizes.length, 'records')
      await expectRecord(store, recordOf('b0', { status: 'SYNCED' }))
      await expectRecord(store, recordOf('b1', { isHere: false }))
      await expectRecord(store, recordOf('only-a-record'))
      expectNone(await done(store.read(key('b1'))), 'a dropped payload')
      expectNone(await done(store.record(key('b2'))), 'a removed record')
      for (const index of [0, 3, 4, 5, 6]) await expectPayload(store, key(`b${index}`), bytes(sizes[index] ?? 0, index))
    },
  },
  {
    name: 'a staging that never ended is forgotten by a restart, and what was there stays',
    before: async (store) => {
      await done(store.write(recordOf('a'), bytesPayload(bytes(100_000, 1))))
      const staging = await done(store.stage(key('a')))
      await done(staging.append(bytes(200_000, 2)))
    },
    after: async (store) => {
      await expectPayload(store, key('a'), bytes(100_000, 1))
      expectTrue((await done(store.records())).length === 1, 'one record is there')
    },
  },
]
