import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/index'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { newMemory, type Memory } from '../../src/store/memory'
import type { RestingPower } from '../../src/store/store'
import { settled } from '../virtual-clock'
import { device, text } from './device'
import { namespaceNamed, restingMemoryStore } from './resting-memory'

const BLOBS = 300

/** A store of blobs at rest, opened again, and how often each was asked for. */
const restedStore = async (remote = remoteMemory(), memory: Memory = newMemory()) => {
  const before = device({ store: restingMemoryStore(memory), remote: memoryRemote({ memory: remote }) })
  for (let index = 0; index < BLOBS; index += 1) await before.put(text(`content ${index}`), { id: `b${index}` })
  await before.sync()
  await before.close()
  return { memory, remote, ...asked(restingMemoryStore(memory)) }
}

const asked = (store: Store) => {
  const looks = { peeks: 0, walks: 0, records: 0 }
  const { resting } = store
  if (resting === undefined) throw new Error('it has the power')
  const power: RestingPower = {
    open: () => resting.open(),
    peek: (key) => {
      looks.peeks += 1
      return resting.peek(key)
    },
    all: () => {
      looks.walks += 1
      return resting.all()
    },
  }
  const records: Store['records'] = () => {
    looks.records += 1
    return store.records()
  }
  return { store: { ...store, records, resting: power }, looks }
}

const rosterOf = (blobs: ReturnType<typeof device>): { readonly restless: () => Iterable<unknown>; readonly size: number } =>
  blobs.actor.getSnapshot().context.roster

describe('blobs at rest', () => {
  test('leave memory once they are written, and come back for nobody', async () => {
    const memory = newMemory()
    const blobs = device({ store: restingMemoryStore(memory), remote: memoryRemote() })
    for (let index = 0; index < BLOBS; index += 1) await blobs.put(text(`content ${index}`), { id: `b${index}` })
    await blobs.sync()
    await settled()
    expect([...rosterOf(blobs).restless()]).toEqual([])
    expect(rosterOf(blobs).size).toBe(BLOBS)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(BLOBS)
    expect(blobs.list()).toHaveLength(BLOBS)
    expect([...rosterOf(blobs).restless()]).toEqual([])
  })

  test('are not read by a start, by a sync where nothing changed, nor for what is shown of all', async () => {
    const { store, remote, looks } = await restedStore()
    const blobs = device({ store, remote: memoryRemote({ memory: remote }) })
    await blobs.ready
    expect(looks).toEqual({ peeks: 0, walks: 0, records: 0 })
    const stop = blobs.subscribe(() => {})
    // The feed tells what the run before put last.
    await blobs.sync()
    expect(looks.peeks).toBeLessThan(10)
    looks.peeks = 0
    await blobs.sync()
    expect(blobs.getSnapshot().counts.SYNCED).toBe(BLOBS)
    expect(blobs.getSnapshot().bytesHere).toBeGreaterThan(BLOBS * 9)
    expect(looks).toEqual({ peeks: 0, walks: 0, records: 0 })
    stop()
  })

  test('are looked up one by one where the feed names them', async () => {
    const { store, remote, looks } = await restedStore()
    const other = device({ remote: memoryRemote({ memory: remote }) })
    await other.sync()
    await other.delete('b7')
    await other.sync()
    const blobs = device({ store, remote: memoryRemote({ memory: remote }) })
    expect((await blobs.sync()).trashed).toEqual([{ namespace: 'default', id: 'b7' }])
    expect(looks.walks).toBe(0)
    expect(looks.peeks).toBeLessThan(20)
    await blobs.restore('b7')
    await blobs.sync()
    expect(blobs.getSnapshot().counts.SYNCED).toBe(BLOBS)
  })

  test('are the same to whoever looks twice, and the list too, also after another one has changed', async () => {
    const { store, remote } = await restedStore()
    const blobs = device({ store, remote: memoryRemote({ memory: remote }) })
    await blobs.ready
    const handle = blobs.blob('b5')
    expect(handle.getSnapshot()).toBe(handle.getSnapshot())
    const list = blobs.list()
    expect(blobs.list()).toBe(list)
    await blobs.setPinned('b3', true)
    const changed = blobs.list()
    expect(changed.filter((view, at) => view !== list[at]).map(({ id }) => id)).toEqual(['b3'])
    await blobs.delete('b1')
    const left = blobs.list().filter(({ status }) => status === 'SYNCED')
    expect(left.every((view) => view.id === 'b3' || list.includes(view))).toBe(true)
    expect(left).toHaveLength(BLOBS - 1)
  })

  test('may be observed before and while the store is opened', async () => {
    const { store, remote } = await restedStore()
    const blobs = device({ store, remote: memoryRemote({ memory: remote }) })
    const seen: string[] = []
    const stop = blobs.blob('b5').subscribe(({ status, isPinned }) => seen.push(`${status} ${isPinned}`))
    await blobs.ready
    await settled()
    await blobs.setPinned('b5', true)
    stop()
    expect(seen.at(-1)).toBe('SYNCED true')
    await settled()
    expect([...rosterOf(blobs).restless()]).toEqual([])
    expect(blobs.getSnapshot().counts.SYNCED).toBe(BLOBS)
  })

  test('are compared by what they say, also where more change at once than anybody remembers', { timeout: 60_000 }, async () => {
    const blobsMany = 1500
    const remote = remoteMemory()
    const memory = newMemory()
    const blobs = device({ store: restingMemoryStore(memory), remote: memoryRemote({ memory: remote }) })
    for (let index = 0; index < blobsMany; index += 1) await blobs.put(text(`content ${index}`), { id: `b${index}` })
    await blobs.sync()
    // Lost without a word, and found again.
    const lost = namespaceNamed(remote, 'default')
    const kept = [...(lost?.blobs ?? [])]
    for (const [id] of kept) lost?.blobs.delete(id)
    expect((await blobs.sync({ whole: true })).missing).toHaveLength(blobsMany)
    for (const [id, bytes] of kept) lost?.blobs.set(id, bytes)
    await blobs.sync({ whole: true })
    expect(
      [...memory.records.values()].filter((record) => JSON.stringify(record).includes('"missingSinceMs":null')),
    ).toHaveLength(blobsMany)
    expect(blobs.getSnapshot().counts).toMatchObject({ SYNCED: blobsMany, PENDING_UPLOAD: 0 })
  })
})
