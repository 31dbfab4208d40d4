import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../src/store/file'
import { memoryStore, newMemory } from '../../src/store/memory'
import type { Store } from '../../src/index'
import { longOr } from '../long'
import { restingMemoryStore } from './resting-memory'
import { historyOf, type OpenStore } from './two-ways'

const root = await mkdtemp(join(tmpdir(), 'blobsync-resting-'))
afterAll(() => rm(root, { recursive: true }))

const seeds = (count: number) => Array.from({ length: count }, (_, seed) => seed)

const without = (store: Store): Store => {
  const { resting, ...others } = store
  return resting === undefined ? store : others
}

/** Two stores of a kind that are alike, but that one leaves its blobs at rest where they are. */
const expectAlike = async (seed: number, overlaps: boolean, [resting, all]: readonly [OpenStore, OpenStore]) => {
  const schedule = { steps: 60, overlaps }
  const expected = await historyOf(seed, all, schedule)
  expect(expected.filter((line) => line.startsWith('WRONG') || line.startsWith('crash'))).toEqual([])
  expect(await historyOf(seed, resting, schedule)).toEqual(expected)
}

describe('an app sees no difference where blobs at rest stay in the store', () => {
  test.for(seeds(longOr(400, 12)))('in memory, seed %d', { timeout: 60_000 }, async (seed) => {
    const [one, other] = [newMemory(), newMemory()]
    await expectAlike(seed, true, [() => restingMemoryStore(one), () => memoryStore(other)])
  })

  test.for(seeds(longOr(200, 6)))('in files, seed %d', { timeout: 60_000 }, async (seed) => {
    const [one, other] = [join(root, `one-${seed}`), join(root, `other-${seed}`)]
    await expectAlike(seed, false, [() => fileStore(one), () => without(fileStore(other))])
  })
})
