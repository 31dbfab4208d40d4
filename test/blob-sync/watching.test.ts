import { describe, expect, test } from 'vitest'
import type { BlobView, Snapshot } from '../../src/index'
import { memoryRemote } from '../../src/remote/memory'
import { settled } from '../virtual-clock'
import { device, seen, text } from './device'

const two = async () => {
  const blobs = device()
  blobs.pause()
  await blobs.put(text('a'), { id: 'a' })
  await blobs.put(text('b'), { id: 'b' })
  return blobs
}

const viewIn = (list: readonly BlobView[], id: string) => list.find((view) => view.id === id)

describe('the list', () => {
  test('is the same array until something changed, and in it the same view of what did not', async () => {
    const blobs = await two()
    const before = blobs.list()
    expect(blobs.list()).toBe(before)
    await blobs.setPriority('a', 'urgent')
    const after = blobs.list()
    expect(after).not.toBe(before)
    expect(viewIn(after, 'a')?.priority).toBe('urgent')
    expect(viewIn(after, 'b')).toBe(viewIn(before, 'b'))
    expect(blobs.list()).toBe(after)
  })

  test('is the same array after a sync that found nothing to do, and after a pause', async () => {
    const blobs = await two()
    blobs.resume()
    await blobs.sync()
    await settled()
    const before = blobs.list()
    await blobs.sync()
    blobs.pause()
    await settled()
    expect(blobs.list()).toBe(before)
  })

  test('shows what a transfer does, and at rest nothing of it', async () => {
    const remote = memoryRemote()
    const [a, b] = [device({ remote }), device({ remote })]
    await a.put(new Uint8Array(300_000), { id: 'x' })
    await a.sync()
    const told: BlobView[] = []
    b.on('list.changed', (list) => told.push(...list))
    await b.sync()
    await settled()
    expect(told.map(({ progress }) => progress?.bytes)).toEqual(expect.arrayContaining([300_753, undefined]))
    expect(b.list()).toMatchObject([{ status: 'SYNCED', phase: 'resting', progress: null }])
    expect(told.at(-1)).toBe(b.list()[0])
  })
})

describe('list.changed', () => {
  test('tells the array that list gives, once for what happens in a moment, and nothing more after its end', async () => {
    const blobs = await two()
    const told: (readonly BlobView[])[] = []
    const stop = blobs.on('list.changed', (list) => told.push(list))
    await blobs.setPriority('a', 'high')
    await settled()
    expect(told).toHaveLength(1)
    expect(told[0]).toBe(blobs.list())
    await blobs.delete('a')
    await settled()
    expect(told.at(-1)).toBe(blobs.list())
    expect(blobs.list().map(({ id, status }) => [id, status])).toContainEqual(['b', 'PENDING_UPLOAD'])
    stop()
    const count = told.length
    await blobs.setPriority('b', 'high')
    await settled()
    expect(told).toHaveLength(count)
  })
})

describe('whoever reads in between', () => {
  test('keeps no change of the snapshot from those who listen', async () => {
    const blobs = device()
    const told: Snapshot[] = []
    blobs.subscribe((snapshot) => told.push(snapshot))
    blobs.actor.subscribe(() => void blobs.getSnapshot())
    await blobs.put(text('a'), { id: 'a' })
    await blobs.sync()
    await settled()
    expect(told.at(-1)).toBe(blobs.getSnapshot())
    expect(told.at(-1)?.counts.SYNCED).toBe(1)
  })

  test('keeps no change of the list from those who listen', async () => {
    const blobs = device()
    const told: (readonly BlobView[])[] = []
    blobs.on('list.changed', (list) => told.push(list))
    blobs.actor.subscribe(() => void blobs.list())
    await blobs.put(text('a'), { id: 'a' })
    await seen(blobs, 'a', ({ status }) => status === 'SYNCED')
    await settled()
    expect(told.at(-1)).toBe(blobs.list())
  })
})

test('what ends a subscription twice ends no later one', async () => {
  const blobs = await two()
  const stop = blobs.on('list.changed', () => {})
  stop()
  let told = 0
  blobs.on('list.changed', () => (told += 1))
  stop()
  await blobs.setPriority('a', 'high')
  await settled()
  expect(told).toBe(1)
})

test('a listener is told nothing of what changed before it came', async () => {
  const blobs = await two()
  const told: unknown[] = []
  blobs.subscribe((snapshot) => told.push(snapshot))
  blobs.on('list.changed', (list) => told.push(list))
  blobs.pause()
  await settled()
  expect(told).toEqual([])
})
