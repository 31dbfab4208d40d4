import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import { afterAll, describe, expect, test } from 'vitest'
import { bytesPayload } from '../../src/model/payload'
import { fileStore } from '../../src/store/file'
import { nodeFileLayer } from '../../src/store/file-layer'
import type { Room } from '../../src/store/store'
import { faultyFileLayer, systemError } from '../../src/testing/faulty-file-layer'
import { recordOf } from '../blob-sync/device'

const root = await mkdtemp(join(tmpdir(), 'blobsync-file-room-'))
afterAll(() => rm(root, { recursive: true }))

const FREE_BYTES = 50_000_000
let count = 0
/** A store on a disk with so much left. */
const onDisk = (inlineBytesMax: number) => {
  const layer = { ...nodeFileLayer, freeBytes: () => Promise.resolve(FREE_BYTES) }
  const store = fileStore(join(root, String(++count)), { inlineBytesMax, layer })
  const room = async (): Promise<Room> => {
    const told = await store.room?.()()
    if (told === undefined || E.isLeft(told)) throw new Error('It does not tell its room.')
    return told.right
  }
  return { store, room }
}

describe.each([
  ['in the database', 10_000_000],
  ['in files', 0],
])('the room of a file store with payloads %s', (_, inlineBytesMax) => {
  test('counts what is stored, and counts what was dropped no more', async () => {
    const { store, room } = onDisk(inlineBytesMax)
    const empty = await room()
    expect(empty.quotaBytes - empty.usedBytes).toBeGreaterThanOrEqual(FREE_BYTES)
    await store.write(recordOf('a', { status: 'SYNCED' }), bytesPayload(new Uint8Array(3_000_000).fill(1)))()
    const one = await room()
    expect(one.usedBytes - empty.usedBytes).toBeGreaterThan(2_900_000)
    expect(one.usedBytes - empty.usedBytes).toBeLessThan(3_200_000)
    await store.drop(recordOf('a', { status: 'PENDING_DOWNLOAD' }))()
    const after = await room()
    expect(after.usedBytes).toBeLessThan(empty.usedBytes + 200_000)
    // Pages that were freed are room, though the file is no smaller; where files were removed, the file system has it back.
    if (inlineBytesMax > 0) expect(after.quotaBytes - after.usedBytes).toBeGreaterThan(FREE_BYTES + 2_900_000)
    await store.close()()
  })
})

test('a file system that does not answer is a failure', async () => {
  const layer = faultyFileLayer((call) => (call === 'freeBytes' ? systemError('EIO') : null))
  const store = fileStore(join(root, 'faulty'), { layer })
  expect(await store.room?.()()).toMatchObject(E.left({ _tag: 'StorageBroken' }))
  await store.close()()
})

test('the real file system tells what it has left', async () => {
  const store = fileStore(join(root, 'real'))
  const told = await store.room?.()()
  expect(told !== undefined && E.isRight(told) && told.right.quotaBytes > told.right.usedBytes).toBe(true)
  await store.close()()
})
