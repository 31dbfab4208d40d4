import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { expect, test } from 'vitest'
import { failure, type Failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory, type RemoteMemory } from '../../src/remote/memory'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import type { LastingStaging, Store } from '../../src/store/store'
import { noise } from '../../src/testing/cipher-bytes'
import { nextTurn } from '../virtual-clock'
import { cutLine } from './cut-downloads'
import { device } from './device'
import { cipher, isSynced, MiB, recordOn, sender } from './in-parts'

const content = noise(11_000_000)
const totalBytes = cipher.encryptedSize(content.length)

const holding = async (...ids: readonly string[]): Promise<RemoteMemory> => {
  const memory = remoteMemory()
  const writer = device({ remote: memoryRemote({ memory, powers: { batches: false } }), cipher })
  for (const id of ids) await writer.put(content, { id })
  await writer.sync()
  return memory
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0)

const keptBytes = ({ kept }: Memory) => [...kept.values()].reduce((sum, parts) => sum + lengthOf(parts), 0)

/** A memory store on a disk of so many bytes, which counts what is staged, too. */
const storeOn = (memory: Memory, quotaBytes: number): Store => {
  const store = memoryStore(memory)
  /** Of each open staging, what is on the disk besides what is kept. */
  const open = new Map<LastingStaging, number>()
  const usedBytes = () =>
    [...memory.payloads.values()].reduce((sum, { length }) => sum + length, 0) +
    keptBytes(memory) +
    [...open.values()].reduce((sum, bytes) => sum + bytes, 0)
  const onDisk = (staging: LastingStaging): LastingStaging => {
    const ended = <A>(use: TE.TaskEither<Failure, A>) =>
      TE.map((result: A) => {
        open.delete(staging)
        return result
      })(use)
    open.set(staging, 0)
    return {
      ...staging,
      append: (bytes) => () => {
        if (usedBytes() + bytes.length > quotaBytes) return TE.left(failure('StorageFull', 'No room is left on this disk.'))()
        open.set(staging, (open.get(staging) ?? 0) + bytes.length)
        return staging.append(bytes)()
      },
      keep: (record) =>
        TE.map((isKept: boolean) => {
          open.set(staging, 0)
          return isKept
        })(staging.keep(record)),
      commit: (record) => ended(staging.commit(record)),
      leave: () => ended(staging.leave()),
      discard: () => ended(staging.discard()),
    }
  }
  const { keeping } = store
  if (keeping === undefined) throw new TypeError('The memory store keeps.')
  return {
    ...store,
    keeping: {
      stage: (key) => TE.map((staging: LastingStaging) => onDisk(staging))(keeping.stage(key)),
      restage: (key, sizeBytes) => TE.map(O.map((staging: LastingStaging) => onDisk(staging)))(keeping.restage(key, sizeBytes)),
    },
    room: () => async () => E.right({ usedBytes: usedBytes(), quotaBytes }),
  }
}

test('a download that has filled the device up to its mark goes on after a cut: what it keeps is its own', async () => {
  const line = cutLine(await holding('a'))
  line.cutAfter = (download) => (download === 0 ? totalBytes - 1 : Infinity)
  const memory = newMemory()
  const { blobs, until } = sender(line.remote, { store: storeOn(memory, 11_500_000) })
  void blobs.sync()
  await until('a', isSynced)
  expect(line.begins).toEqual([0, 10 * MiB])
})

test('two that do not fit together leave room for one: of the other nothing stays in its way', async () => {
  const memory = newMemory()
  const line = cutLine(await holding('a', 'b'))
  const { blobs, clock } = sender(line.remote, { store: storeOn(memory, 16_000_000), transfers: 2 })
  void blobs.sync()
  for (let minute = 0; minute < 20 && blobs.getSnapshot().counts.SYNCED === 0; minute += 1) await clock.advance(60_000)
  expect(blobs.getSnapshot().counts).toMatchObject({ SYNCED: 1, PENDING_DOWNLOAD: 1 })
})

test('what was got in part and given up makes room for what is got next', async () => {
  const memory = newMemory()
  const line = cutLine(await holding('a', 'b'))
  const { blobs, until, clock } = sender(line.remote, { store: storeOn(memory, 14_000_000), download: 'onDemand', transfers: 1 })
  void blobs.sync()
  await until('b', ({ held }) => held === 'onDemand')
  const controller = new AbortController()
  line.before = async (sentBytes) => {
    if (sentBytes > 7 * MiB) controller.abort()
    await nextTurn()
  }
  await expect(blobs.get('a', { signal: controller.signal })).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
  line.before = () => {}
  await until('a', ({ held }) => held === 'onDemand')
  expect(keptBytes(memory)).toBeGreaterThan(4_000_000)
  await expect(blobs.get('b')).rejects.toMatchObject({ failure: { _tag: 'StorageFull' } })
  await clock.advance(1000)
  expect((await blobs.get('b')).size).toBe(content.length)
  expect(keptBytes(memory)).toBe(0)
})

test('evict gives up what is kept of a download that waits to be asked for', async () => {
  const line = cutLine(await holding('a'))
  line.cutAfter = () => 5.5 * MiB
  const disk = newMemory()
  const { blobs, until } = sender(line.remote, { download: 'onDemand' }, disk)
  void blobs.sync()
  await until('a', ({ held }) => held === 'onDemand')
  await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'Unreachable' } })
  await until('a', ({ held }) => held === 'onDemand')
  expect(keptBytes(disk)).toBe(cipherStart(5))
  await blobs.evict('a')
  expect(keptBytes(disk)).toBe(0)
  expect(recordOn(disk, 'a')).toMatchObject({ held: 'onDemand', download: null })
})

const cipherStart = (segments: number) => segments * (MiB - 16) - 40
