import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import { afterAll, describe, expect, test } from 'vitest'
import { newRecord, type BlobRecord } from '../../src/model/record'
import { fileStore } from '../../src/store/file'
import type { LastingStaging, Store } from '../../src/store/store'
import { faultyFileLayer, systemError, type FileCall } from '../../src/testing/faulty-file-layer'
import { expectLeft } from '../../src/testing/expect'
import { bytes, done, expectPayload, key } from '../../src/testing/store-ground'

const root = await mkdtemp(join(tmpdir(), 'blobsync-keeping-'))
afterAll(() => rm(root, { recursive: true }))
let count = 0
const freshFolder = () => join(root, String(++count))

const whole = bytes(3_000_000, 5)
const PART_BYTES = 1_200_000

const kept = (plaintextBytes: number): BlobRecord =>
  newRecord({
    ...key('a'),
    status: 'PENDING_DOWNLOAD',
    changedAtMs: plaintextBytes,
    download: { checkpoint: { seal: 's', encryptedBytes: plaintextBytes, plaintextBytes }, sizeBytes: 4_000_000, tag: null },
  })
const synced = newRecord({ ...key('a'), status: 'SYNCED', isHere: true, changedAtMs: 9 })

const filesIn = (folder: string) => readdir(join(folder, 'payloads'))

const begun = async (store: Store): Promise<LastingStaging> => {
  const staging = await done(store.keeping!.stage(key('a')))
  await done(staging.append(whole.slice(0, PART_BYTES)))
  await done(staging.keep(kept(PART_BYTES)))
  return staging
}

const goesOn = async (store: Store) => {
  const staging = await done(store.keeping!.restage(key('a'), PART_BYTES))
  if (O.isNone(staging)) throw new Error('Nothing is kept.')
  await done(staging.value.append(whole.slice(PART_BYTES)))
  await done(staging.value.commit(synced))
  await expectPayload(store, key('a'), whole)
}

/** A store one of whose calls fails while it is armed. */
const faulty = (folder: string, code: Parameters<typeof systemError>[0]) => {
  let armed: FileCall | null = null
  let struck = 0
  const store = fileStore(folder, {
    layer: faultyFileLayer((call) => {
      if (call !== armed) return null
      struck += 1
      return systemError(code)
    }),
  })
  return { store, arm: (call: FileCall | null) => (armed = call), struck: () => struck }
}

describe('a fault of the disk', () => {
  for (const code of ['ENOSPC', 'EIO'] as const) {
    for (const call of ['append', 'sync', 'transact', 'commit', 'syncLog'] as const)
      test(`as ${code} in ${call} while it is kept leaves what was kept before, now and after a restart`, async () => {
        for (const restarts of [false, true]) {
          const folder = freshFolder()
          const { store, arm, struck } = faulty(folder, code)
          const staging = await begun(store)
          await done(staging.append(whole.slice(PART_BYTES, 2 * PART_BYTES - 500_000)))
          arm(call)
          expectLeft(await staging.keep(kept(2 * PART_BYTES - 500_000))(), 'keep')
          expect(struck()).toBeGreaterThan(0)
          arm(null)
          await done(staging.leave())
          if (restarts) await done(store.close())
          const again = restarts ? fileStore(folder) : store
          await goesOn(again)
          expect(await filesIn(folder)).toHaveLength(1)
          await done(again.close())
        }
      })

    for (const call of ['append', 'sync', 'close', 'transact', 'commit'] as const)
      test(`as ${code} in ${call} while it is stored leaves what was kept, unreadable`, async () => {
        const folder = freshFolder()
        const { store, arm, struck } = faulty(folder, code)
        const staging = await begun(store)
        await done(staging.append(whole.slice(PART_BYTES, PART_BYTES + 1000)))
        arm(call)
        expectLeft(await staging.commit(synced)(), 'commit')
        expect(struck()).toBeGreaterThan(0)
        arm(null)
        expect(await done(store.read(key('a')))).toEqual(O.none)
        await goesOn(store)
        expect(await filesIn(folder)).toHaveLength(1)
        await done(store.close())
      })

    test(`as ${code} when it is opened again is told, and it can be tried again`, async () => {
      const { store, arm } = faulty(freshFolder(), code)
      await done((await begun(store)).leave())
      for (const call of ['sizeOf', 'reopen'] as const) {
        arm(call)
        expectLeft(await store.keeping!.restage(key('a'), PART_BYTES)(), call)
      }
      arm(null)
      await goesOn(store)
      await done(store.close())
    })
  }
})

describe('what was kept', () => {
  test('and is gone or shorter, as somebody else left it, is nothing that can be gone on with', async () => {
    for (const spoil of [(file: string) => rm(file), (file: string) => truncate(file, 10)]) {
      const folder = freshFolder()
      const first = fileStore(folder)
      await done((await begun(first)).leave())
      await done(first.close())
      const [name = ''] = await filesIn(folder)
      await spoil(join(folder, 'payloads', name))
      const store = fileStore(folder)
      expect(await done(store.keeping!.restage(key('a'), PART_BYTES))).toEqual(O.none)
      await goesOnAnew(store)
      expect(await filesIn(folder)).toHaveLength(1)
      await done(store.close())
    }
  })

  test('counts as used, and no longer once it is forgotten', async () => {
    const store = fileStore(freshFolder())
    const usedBytes = async () => (await done(store.room!())).usedBytes
    const before = await usedBytes()
    await done((await begun(store)).leave())
    expect((await usedBytes()) - before).toBeGreaterThanOrEqual(PART_BYTES)
    await done(store.remember([{ ...kept(1), download: null }]))
    expect((await usedBytes()) - before).toBeLessThan(100_000)
    await done(store.close())
  })
})

const goesOnAnew = async (store: Store) => {
  await done((await begun(store)).leave())
  await goesOn(store)
}
