import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { keyText } from '../model/ids'
import { bytesPayload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import type { SharedPower, Store } from '../store/store'
import type { Case } from './case'
import { expectEqual, expectLeft, expectNone, expectRight, expectTrue } from './expect'
import { sharedKeepingCases } from './keeping-conformance'
import { bytes, done, expectPayload, expectRecord, key, recordOf } from './store-ground'

/**
 * The promises of every store that can be open several times at once.
 *
 * @param openTwo Gives a fresh, empty store, opened twice, as by two tabs. Each case closes what it opened.
 */
export const sharedConformance = (openTwo: () => Promise<readonly [Store, Store]>): readonly Case[] => [
  ...promises.map(({ name, keep }) => ({
    name,
    run: () => withTwo(openTwo, (a, b) => keep(tab(a), tab(b))),
  })),
  {
    name: 'the name is the same for both, and another one for another store',
    run: () =>
      withTwo(openTwo, (a, b) =>
        withTwo(openTwo, async (c) => {
          expectEqual(tab(a).shared.name, tab(b).shared.name, 'the name')
          expectTrue(tab(a).shared.name !== tab(c).shared.name, 'two stores bear the same name')
        }),
      ),
  },
]

interface Tab {
  readonly store: Store
  readonly shared: SharedPower
}

interface SharedPromise {
  readonly name: string
  readonly keep: (a: Tab, b: Tab) => Promise<void>
}

const promises: readonly SharedPromise[] = [
  {
    name: 'before anyone has led, everyone may write, and the other sees it',
    keep: async (a, b) => {
      await done(a.store.write(recordOf('a'), bytesPayload(bytes(10, 1))))
      await done(b.store.write(recordOf('b'), bytesPayload(bytes(100_000, 2))))
      await expectPayload(b.store, key('a'), bytes(10, 1))
      await expectPayload(a.store, key('b'), bytes(100_000, 2))
      expectEqual((await done(a.store.records())).length, 2, 'records')
    },
  },
  {
    name: 'each epoch has a higher number than all before, whoever begins it',
    keep: async (a, b) => {
      const numbers = [await lead(a), await lead(b), await lead(b), await lead(a)]
      for (const [at, number] of numbers.entries())
        expectTrue(at === 0 || number > (numbers[at - 1] ?? 0), `epochs do not rise: ${numbers.join(', ')}`)
    },
  },
  {
    name: 'epochs that are begun at once have different numbers, and the highest leads',
    keep: async (a, b) => {
      const [one, two] = await Promise.all([lead(a), lead(b)])
      expectTrue(one !== two, 'two epochs with the same number')
      const [leader, deposed] = one > two ? [a, b] : [b, a]
      await done(leader.store.remember([recordOf('leader')]))
      expectLeft(await deposed.store.remember([recordOf('deposed')])(), 'a write of the lower epoch', 'StorageBroken')
    },
  },
  {
    name: 'what the leader does, the other one sees',
    keep: async (a, b) => {
      await lead(a)
      await done(a.store.write(recordOf('a'), bytesPayload(bytes(100_000, 1))))
      await done(a.store.write(recordOf('b'), bytesPayload(bytes(10, 2))))
      await done(a.store.write(recordOf('c'), bytesPayload(bytes(10, 2))))
      await done(a.store.remember([recordOf('b', { status: 'SYNCED' })]))
      await done(a.store.drop(recordOf('a', { isHere: false })))
      await done(a.store.remove([key('c')]))
      await expectRecord(b.store, recordOf('b', { status: 'SYNCED' }))
      await expectRecord(b.store, recordOf('a', { isHere: false }))
      expectNone(await done(b.store.read(key('a'))), 'a dropped payload')
      expectNone(await done(b.store.record(key('c'))), 'a removed record')
    },
  },
  ...['one that was deposed', 'one that never led'].map((who): SharedPromise => ({
    name: `${who} changes nothing, and is refused as StorageBroken`,
    keep: async (a, b) => {
      if (who === 'one that was deposed') await lead(a)
      await done(a.store.write(recordOf('a'), bytesPayload(bytes(10, 1))))
      const staging = await done(a.store.stage(key('a')))
      await done(staging.append(bytes(100_000, 2)))
      await lead(b)
      const changed = recordOf('a', { status: 'SYNCED', changedAtMs: 9 })
      const calls: readonly (readonly [string, TaskEither<Failure, unknown>])[] = [
        ['write', a.store.write(changed, bytesPayload(bytes(70_000, 3)))],
        ['remember', a.store.remember([changed, recordOf('new')])],
        ['drop', a.store.drop(changed)],
        ['remove', a.store.remove([key('a')])],
        ['commit', staging.commit(changed)],
      ]
      for (const [name, call] of calls) expectLeft(await call(), name, 'StorageBroken')
      await done(staging.discard())
      for (const { store } of [a, b]) {
        await expectRecord(store, recordOf('a'))
        await expectPayload(store, key('a'), bytes(10, 1))
        expectEqual((await done(store.records())).length, 1, 'records')
      }
    },
  })),
  {
    name: 'whoever is deposed is told once, at the first write that is refused, before that resolves',
    keep: async (a, b) => {
      let told = 0
      await done(a.shared.lead(() => (told += 1)))
      await done(a.store.remember([recordOf('a')]))
      await lead(b)
      await expectRecord(a.store, recordOf('a'))
      expectEqual(told, 0, 'told without a write')
      for (let time = 0; time < 3; time += 1) {
        expectLeft(await a.store.remember([recordOf('a', { changedAtMs: 2 })])(), 'a write of the older epoch', 'StorageBroken')
        expectEqual(told, 1, 'told')
      }
    },
  },
  {
    name: 'one that was deposed is told by what it adds, before that resolves',
    keep: async (a, b) => {
      let told = 0
      await done(a.shared.lead(() => (told += 1)))
      await done(a.shared.add(recordOf('a'), bytesPayload(bytes(10, 1)), never))
      expectEqual(told, 0, 'told while it leads')
      await lead(b)
      for (const id of ['b', 'c']) {
        await done(a.shared.add(recordOf(id), bytesPayload(bytes(10, 1)), never))
        expectEqual(told, 1, 'told')
      }
    },
  },
  {
    name: 'writes that are under way when another epoch begins are there or refused, never in between',
    keep: async (a, b) => {
      await lead(a)
      const writes = Array.from({ length: 30 }, (_, at) =>
        a.store.write(recordOf(`b${at}`, { sizeBytes: 70_000 }), bytesPayload(bytes(70_000, at)))(),
      )
      await lead(b)
      const atOnce = new Set((await done(b.store.records())).map((record) => keyText(expectRight(record, 'a record'))))
      for (const [at, result] of (await Promise.all(writes)).entries()) {
        const isThere = result._tag === 'Right'
        expectEqual(atOnce.has(keyText(key(`b${at}`))), isThere, `b${at}, once the other leads, against what its write gave`)
        if (isThere) await expectPayload(b.store, key(`b${at}`), bytes(70_000, at))
        else expectNone(await done(b.store.read(key(`b${at}`))), `the payload of b${at}, whose write was refused`)
      }
    },
  },
  {
    name: 'one that was deposed may lead again, and is told again',
    keep: async (a, b) => {
      const told = { first: 0, second: 0 }
      await done(a.shared.lead(() => (told.first += 1)))
      await lead(b)
      expectLeft(await a.store.remember([recordOf('a')])(), 'a write of the older epoch', 'StorageBroken')
      await done(a.shared.lead(() => (told.second += 1)))
      await done(a.store.remember([recordOf('a')]))
      expectLeft(await b.store.remember([recordOf('b')])(), 'a write of the older epoch', 'StorageBroken')
      await lead(b)
      expectLeft(await a.store.remember([recordOf('a')])(), 'a write of the older epoch', 'StorageBroken')
      expectEqual(told, { first: 1, second: 1 }, 'told')
    },
  },
  ...[0, 10, 100_000, 300_000].map((size): SharedPromise => ({
    name: `one that does not lead adds ${size} bytes, and the leader goes on with them`,
    keep: async (a, b) => {
      await lead(a)
      const record = recordOf('a', { sizeBytes: size, seal: 'seal' })
      expectEqual(await done(b.shared.add(record, bytesPayload(bytes(size, 1)), never)), record, 'what add gave')
      await expectRecord(a.store, record)
      await expectPayload(a.store, record, bytes(size, 1))
      const synced = { ...record, status: 'SYNCED' as const }
      await done(a.store.remember([synced]))
      await expectRecord(b.store, synced)
      await expectPayload(b.store, record, bytes(size, 1))
    },
  })),
  {
    name: 'adding needs no leader, and makes none',
    keep: async (a, b) => {
      await done(a.shared.add(recordOf('a'), bytesPayload(bytes(10, 1)), never))
      await lead(a)
      await lead(b)
      await done(a.shared.add(recordOf('b'), bytesPayload(bytes(10, 2)), never))
      await done(b.shared.add(recordOf('c'), bytesPayload(bytes(10, 3)), never))
      expectEqual((await done(b.store.records())).length, 3, 'records')
      await done(b.store.remember([recordOf('b', { status: 'SYNCED' })]))
    },
  },
  {
    name: 'what must stay stays, and is what add gives',
    keep: async (a, b) => {
      await lead(a)
      const there = recordOf('a', { status: 'SYNCED', seal: 'first' })
      await done(a.store.write(there, bytesPayload(bytes(100_000, 1))))
      const asked: BlobRecord[] = []
      const mayReplace = (existing: BlobRecord) => {
        asked.push(existing)
        return false
      }
      const given = await done(b.shared.add(recordOf('a', { seal: 'second' }), bytesPayload(bytes(10, 2)), mayReplace))
      expectEqual(given, there, 'what add gave')
      expectEqual(asked.at(-1), there, 'what it asked about')
      await expectRecord(a.store, there)
      await expectPayload(a.store, there, bytes(100_000, 1))
    },
  },
  {
    name: 'what may be replaced is replaced, payload and record together',
    keep: async (a, b) => {
      await lead(a)
      for (const [at, size] of [100_000, 10, 300_000, 0].entries()) {
        const record = recordOf('a', { seal: `seal ${at}`, sizeBytes: size })
        expectEqual(await done(b.shared.add(record, bytesPayload(bytes(size, at)), () => true)), record, 'what add gave')
        await expectRecord(a.store, record)
        await expectPayload(a.store, record, bytes(size, at))
      }
      await done(a.store.remember([recordOf('no-payload', { isHere: false })]))
      await done(b.shared.add(recordOf('no-payload', { seal: 'now' }), bytesPayload(bytes(10, 9)), () => true))
      await expectPayload(a.store, key('no-payload'), bytes(10, 9))
    },
  },
  {
    name: 'of many that add the same blob at once one wins, and all are told which',
    keep: async (a, b) => {
      await lead(a)
      const tries = Array.from({ length: 20 }, (_, at) => ({ at, record: recordOf('a', { seal: `seal ${at}` }) }))
      const given = await Promise.all(
        tries.map(({ at, record }) =>
          done((at % 2 === 0 ? a : b).shared.add(record, bytesPayload(bytes(at % 3 === 0 ? 100_000 : 10, at)), never)),
        ),
      )
      const winner = tries.find(({ record }) => record.seal === given[0]?.seal)
      expectTrue(winner !== undefined, 'nobody has won')
      for (const record of given) expectEqual(record, winner.record, 'what add gave')
      await expectRecord(b.store, winner.record)
      await expectPayload(b.store, key('a'), bytes(winner.at % 3 === 0 ? 100_000 : 10, winner.at))
      expectEqual((await done(a.store.records())).length, 1, 'records')
    },
  },
  ...sharedKeepingCases,
  {
    name: 'one that closes leaves the other one able to read, add and lead',
    keep: async (a, b) => {
      const first = await lead(a)
      await done(a.store.write(recordOf('a'), bytesPayload(bytes(100_000, 1))))
      await done(a.store.close())
      expectLeft(await a.shared.lead(() => {})(), 'lead after close', 'StorageBroken')
      expectLeft(await a.shared.add(recordOf('b'), bytesPayload(bytes(1, 1)), never)(), 'add after close', 'StorageBroken')
      await expectPayload(b.store, key('a'), bytes(100_000, 1))
      await done(b.shared.add(recordOf('b'), bytesPayload(bytes(10, 2)), never))
      expectTrue((await lead(b)) > first, 'the epoch does not rise')
      await done(b.store.remove([key('a')]))
      expectEqual((await done(b.store.records())).length, 1, 'records')
    },
  },
]

const never = () => false

const lead = ({ shared }: Tab): Promise<number> => done(shared.lead(() => {}))

const tab = (store: Store): Tab => {
  const { shared } = store
  expectTrue(shared !== undefined, 'the store has no power to be shared')
  return { store, shared }
}

const withTwo = async (
  openTwo: () => Promise<readonly [Store, Store]>,
  use: (a: Store, b: Store) => Promise<void>,
): Promise<void> => {
  const [a, b] = await openTwo()
  try {
    await use(a, b)
  } finally {
    await a.close()()
    await b.close()()
  }
}
