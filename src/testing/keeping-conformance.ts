import * as E from 'fp-ts/Either'
import type { BlobRecord } from '../model/record'
import { bytesPayload } from '../model/payload'
import type { KeepingPower, LastingStaging, SharedPower, Store } from '../store/store'
import { expectBytes, expectEqual, expectLeft, expectNone, expectSome } from './expect'
import { bytes, done, expectPayload, expectRecord, inParts, key, recordOf } from './store-ground'

/** What the cases of a store are, before they are run. */
export interface KeepingCase {
  readonly name: string
  readonly keep: (store: Store) => Promise<void>
}

export interface KeepingRestart {
  readonly name: string
  readonly before: (store: Store) => Promise<void>
  readonly after: (store: Store) => Promise<void>
}

/** Content of which a store that encrypts what rests can keep the beginning, too: up to a border of its segments. */
const SEGMENT_BYTES = 2 ** 20 - 16
const borders = [SEGMENT_BYTES - 40, 2 * SEGMENT_BYTES - 40] as const
const whole = bytes(2 * SEGMENT_BYTES + 12_345, 3)

const pending = (id: string, plaintextBytes: number | null, given: Partial<BlobRecord> = {}): BlobRecord =>
  recordOf(id, {
    status: 'PENDING_DOWNLOAD',
    isHere: false,
    download:
      plaintextBytes === null
        ? null
        : {
            checkpoint: { seal: 'some seal', encryptedBytes: plaintextBytes + 77, plaintextBytes },
            sizeBytes: 3_000_000,
            tag: null,
          },
    ...given,
  })

/** Runs where the store has the power. */
const withPower = (run: (store: Store, power: KeepingPower) => Promise<void>) => async (store: Store) => {
  if (store.keeping !== undefined) await run(store, store.keeping)
}

const fill = async (staging: LastingStaging, from: number, to: number): Promise<void> => {
  for (const part of inParts(whole.slice(from, to))) await done(staging.append(part))
}

/** Stages up to a border and keeps it. */
const kept = async (power: KeepingPower, id: string, upTo: number): Promise<LastingStaging> => {
  const staging = await done(power.stage(key(id)))
  await fill(staging, 0, upTo)
  expectEqual(await done(staging.keep(pending(id, upTo))), true, 'whether it was kept')
  return staging
}

const goOn = async (power: KeepingPower, id: string, at: number): Promise<LastingStaging> =>
  expectSome(await done(power.restage(key(id), at)), `what was kept of ${id}`)

const finish = async (store: Store, staging: LastingStaging, id: string, at: number): Promise<void> => {
  await fill(staging, at, whole.length)
  expectNone(await done(store.read(key(id))), 'the payload before the commit')
  await done(staging.commit(recordOf(id)))
  await expectPayload(store, key(id), whole)
  await expectRecord(store, recordOf(id))
}

export const keepingCases: readonly KeepingCase[] = [
  {
    name: 'keeping staging: what was kept is written with its record, is not readable, and goes on as often as one likes',
    keep: withPower(async (store, power) => {
      const [first, second] = borders
      await (await kept(power, 'a', first)).leave()()
      await expectRecord(store, pending('a', first))
      expectNone(await done(store.read(key('a'))), 'the payload')
      const again = await goOn(power, 'a', first)
      await fill(again, first, second)
      await done(again.keep(pending('a', second)))
      await expectRecord(store, pending('a', second))
      await done(again.leave())
      await done(again.leave())
      await finish(store, await goOn(power, 'a', second), 'a', second)
      expectNone(await done(power.restage(key('a'), first)), 'what was kept, after the commit')
    }),
  },
  {
    name: 'keeping staging: it is kept again and again while it goes on, and commits',
    keep: withPower(async (store, power) => {
      const [first, second] = borders
      const staging = await kept(power, 'a', first)
      await fill(staging, first, second)
      await done(staging.keep(pending('a', second)))
      await finish(store, staging, 'a', second)
    }),
  },
  {
    name: 'keeping staging: more may come while it is kept, and is not kept with it',
    keep: withPower(async (store, power) => {
      const [first, second] = borders
      const staging = await done(power.stage(key('a')))
      await fill(staging, 0, first)
      const keeping = staging.keep(pending('a', first))()
      await fill(staging, first, first + 300_000)
      const again = staging.keep(pending('a', first))()
      await fill(staging, first + 300_000, second)
      expectEqual([await keeping, await again].map(E.isRight), [true, true], 'whether both were kept')
      await expectRecord(store, pending('a', first))
      await finish(store, staging, 'a', second)
    }),
  },
  {
    name: 'keeping staging: what came after it was kept is forgotten by leaving, and fewer bytes can be gone on with',
    keep: withPower(async (store, power) => {
      const [first, second] = borders
      const staging = await kept(power, 'a', first)
      await fill(staging, first, first + 100_000)
      await done(staging.leave())
      expectNone(await done(power.restage(key('a'), second)), 'more than was kept')
      const again = await goOn(power, 'a', first)
      await fill(again, first, second)
      await done(again.keep(pending('a', second)))
      await done(again.leave())
      await finish(store, await goOn(power, 'a', first), 'a', first)
    }),
  },
  {
    name: 'keeping staging: the one that is still open ends when it is opened again',
    keep: withPower(async (store, power) => {
      const [first] = borders
      const old = await kept(power, 'a', first)
      await fill(old, first, first + 50_000)
      const staging = await goOn(power, 'a', first)
      expectLeft(await old.append(bytes(10, 1))(), 'an append to the old one', 'StorageBroken')
      expectLeft(await old.keep(pending('a', first))(), 'keeping the old one', 'StorageBroken')
      expectLeft(await old.commit(recordOf('a'))(), 'a commit of the old one', 'StorageBroken')
      await done(old.discard())
      await finish(store, staging, 'a', first)
    }),
  },
  {
    name: 'keeping staging: a record without a download forgets it, and so do payloads, drops, removals and discards',
    keep: withPower(async (store, power) => {
      const [first] = borders
      const ways: Readonly<Record<string, (staging: LastingStaging) => Promise<unknown>>> = {
        remember: () => done(store.remember([pending('a', null)])),
        write: () => done(store.write(pending('a', first), bytesPayload(bytes(10, 1)))),
        drop: () => done(store.drop(pending('a', first))),
        remove: () => done(store.remove([key('a')])),
        discard: (staging) => done(staging.discard()),
      }
      for (const [name, forget] of Object.entries(ways)) {
        const staging = await kept(power, 'a', first)
        await forget(staging)
        if (name !== 'discard') await done(staging.leave())
        expectNone(await done(power.restage(key('a'), first)), `what was kept, after ${name}`)
        await done(store.remove([key('a')]))
      }
    }),
  },
  {
    name: 'keeping staging: who goes on with it can forget it, as it was kept',
    keep: withPower(async (_store, power) => {
      const [first] = borders
      await done((await kept(power, 'a', first)).leave())
      await done((await goOn(power, 'a', first)).discard())
      expectNone(await done(power.restage(key('a'), first)), 'what was kept')
    }),
  },
  {
    name: 'keeping staging: a record with a download leaves it, other blobs do, and a payload that is there stays readable',
    keep: withPower(async (store, power) => {
      const [first] = borders
      await done(store.write(recordOf('a'), bytesPayload(bytes(100_000, 9))))
      await (await kept(power, 'a', first)).leave()()
      await done(store.remember([pending('a', first, { attempts: 4 }), pending('b', null)]))
      await done(store.remove([key('b')]))
      await expectPayload(store, key('a'), bytes(100_000, 9))
      const staging = await goOn(power, 'a', first)
      await fill(staging, first, whole.length)
      await done(staging.commit(recordOf('a')))
      await expectPayload(store, key('a'), whole)
    }),
  },
  {
    name: 'keeping staging: one that was forgotten while it was open commits whole or not at all',
    keep: withPower(async (store, power) => {
      const [first] = borders
      const staging = await kept(power, 'a', first)
      await done(store.remember([pending('a', null)]))
      await fill(staging, first, whole.length)
      const committed = await staging.commit(recordOf('a'))()
      if (E.isRight(committed)) return expectPayload(store, key('a'), whole)
      expectEqual<string>(committed.left._tag, 'StorageBroken', 'why it was not committed')
      expectNone(await done(store.read(key('a'))), 'the payload')
      await expectRecord(store, pending('a', null))
    }),
  },
  {
    name: 'keeping staging: another one of the blob takes its place only once that is kept',
    keep: withPower(async (store, power) => {
      const [first, second] = borders
      await (await kept(power, 'a', second)).leave()()
      const fresh = await done(power.stage(key('a')))
      await done(fresh.append(bytes(first, 8)))
      await done(fresh.leave())
      await (await goOn(power, 'a', second)).leave()()
      const other = await done(power.stage(key('a')))
      await done(other.append(bytes(first, 8)))
      await done(other.keep(pending('a', first)))
      await done(other.leave())
      expectNone(await done(power.restage(key('a'), second)), 'what was kept before')
      const staging = await goOn(power, 'a', first)
      await done(staging.append(bytes(5, 1)))
      await done(staging.commit(recordOf('a')))
      const payload = expectSome(await done(store.read(key('a'))), 'the payload')
      expectBytes(await done(payload.read(0, first)), bytes(first, 8), 'its beginning')
      expectEqual(payload.sizeBytes, first + 5, 'its size')
    }),
  },
]

export const keepingRestarts: readonly KeepingRestart[] = [
  {
    name: 'keeping staging: exactly what was kept is there after a restart, whether or not it was let go of',
    before: withPower(async (_store, power) => {
      const [first, second] = borders
      for (const id of ['left', 'open']) {
        const staging = await kept(power, id, first)
        await fill(staging, first, second - 70_000)
        if (id === 'left') await done(staging.leave())
      }
    }),
    after: withPower(async (store, power) => {
      const [first, second] = borders
      for (const id of ['left', 'open']) {
        await expectRecord(store, pending(id, first))
        expectNone(await done(store.read(key(id))), 'the payload')
        expectNone(await done(power.restage(key(id), second)), 'more than was kept')
        await finish(store, await goOn(power, id, first), id, first)
      }
    }),
  },
  {
    name: 'keeping staging: what was forgotten stays so after a restart',
    before: withPower(async (store, power) => {
      const [first] = borders
      await (await kept(power, 'a', first)).leave()()
      await done(store.remember([pending('a', null)]))
    }),
    after: withPower(async (_store, power) => {
      expectNone(await done(power.restage(key('a'), borders[0])), 'what was kept')
    }),
  },
]

/** One of two tabs. */
interface KeepingTab {
  readonly store: Store
  readonly shared: SharedPower
}

/** What a store that can be open several times at once promises of what is kept. */
export const sharedKeepingCases: readonly {
  readonly name: string
  readonly keep: (a: KeepingTab, b: KeepingTab) => Promise<void>
}[] = [
  {
    name: 'keeping staging: who leads next goes on with what was kept, whatever the other one still does',
    keep: async (a, b) => {
      const [first, second] = borders
      const { keeping: power } = a.store
      if (power === undefined || b.store.keeping === undefined) return
      await done(a.shared.lead(() => {}))
      const [left, open] = [await kept(power, 'left', first), await kept(power, 'open', first)]
      await done(left.leave())
      await fill(open, first, first + 60_000)
      await done(b.shared.lead(() => {}))
      const taken = { left: await goOn(b.store.keeping, 'left', first), open: await goOn(b.store.keeping, 'open', first) }
      await open.append(whole.slice(first + 60_000, second))()
      expectLeft(await open.keep(pending('open', second))(), 'keeping for one that was deposed', 'StorageBroken')
      await open.discard()()
      await done(left.discard())
      await fill(taken.open, first, second)
      await done(taken.open.keep(pending('open', second)))
      await done(taken.open.leave())
      await finish(b.store, await goOn(b.store.keeping, 'open', second), 'open', second)
      await finish(b.store, taken.left, 'left', first)
    },
  },
  {
    name: 'keeping staging: one that was deposed cannot forget what the leader goes on with',
    keep: async (a, b) => {
      const [first] = borders
      if (a.store.keeping === undefined || b.store.keeping === undefined) return
      await done(a.shared.lead(() => {}))
      const old = await kept(a.store.keeping, 'a', first)
      await done(b.shared.lead(() => {}))
      await old.discard()()
      expectLeft(await a.store.remember([pending('a', null)])(), 'a write of one that was deposed', 'StorageBroken')
      await finish(b.store, await goOn(b.store.keeping, 'a', first), 'a', first)
    },
  },
  {
    name: 'keeping staging: what one that does not lead adds under the id forgets it',
    keep: async (a, b) => {
      const [first] = borders
      if (a.store.keeping === undefined) return
      await done(a.shared.lead(() => {}))
      await done((await kept(a.store.keeping, 'a', first)).leave())
      await done(b.shared.add(recordOf('a'), bytesPayload(bytes(10, 1)), () => true))
      expectNone(await done(a.store.keeping.restage(key('a'), first)), 'what was kept')
      await expectPayload(a.store, key('a'), bytes(10, 1))
    },
  },
]
