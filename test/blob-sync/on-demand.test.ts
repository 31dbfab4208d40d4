import { describe, expect, test } from 'vitest'
import { failure, type Failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore, newMemory } from '../../src/store/memory'
import { device, gate, recordOf, seen, text, watched, type Call } from './device'
import * as TE from 'fp-ts/TaskEither'
import type { BlobSyncOptions, ListedBlob } from '../../src/index'

/** A remote that holds blobs of another device, and what was asked of it since. */
const holding = async (ids: readonly string[], before: (call: Call, id: string) => Promise<void> | void = () => {}) => {
  const server = remoteMemory()
  const other = device({ remote: memoryRemote({ memory: server }) })
  for (const id of ids) await other.put(text(`the content of ${id}`), { id })
  await other.sync()
  const { remote, calls } = watched(memoryRemote({ memory: server, powers: { batches: false } }), before)
  const memory = newMemory()
  return {
    server,
    other,
    memory,
    calls,
    fetched: () => calls.filter((call) => call.startsWith('get')),
    device: (given: Partial<BlobSyncOptions> = {}) => device({ remote, store: memoryStore(memory), ...given }),
  }
}

const onDemand = { status: 'PENDING_DOWNLOAD', held: 'onDemand', isHere: false }

describe('on demand', () => {
  test('nothing is fetched by itself, sync comes to rest and reports what waits', async () => {
    const { device, fetched } = await holding(['a', 'b'])
    const blobs = device({ download: 'onDemand' })
    const report = await blobs.sync()
    expect(fetched()).toEqual([])
    expect(report).toMatchObject({ downloaded: [], waiting: [], failed: [] })
    expect(report.held.map(({ id, held }) => [id, held])).toEqual([
      ['a', 'onDemand'],
      ['b', 'onDemand'],
    ])
    expect(blobs.blob('a').getSnapshot()).toMatchObject(onDemand)
    expect(blobs.explain('a')).toEqual([{ code: 'held.onDemand', text: 'It is fetched when it is asked for.' }])
    expect(blobs.getSnapshot()).toMatchObject({ held: 2, active: 0 })
  })

  test('get fetches it, and it stays here through lists and restarts', async () => {
    const { device, fetched } = await holding(['a', 'b'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    expect(await (await blobs.get('a')).text()).toBe('the content of a')
    await blobs.sync()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null, isHere: true })
    await blobs.close()
    const again = device({ download: 'onDemand' })
    expect(await (await again.get('a')).text()).toBe('the content of a')
    expect(fetched()).toEqual(['get a'])
    expect(again.blob('b').getSnapshot()).toMatchObject(onDemand)
  })

  test('retry of one fetches it; retry of all leaves what waits on demand', async () => {
    const { device, fetched } = await holding(['a', 'b'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    await blobs.retry()
    await blobs.idle()
    expect(fetched()).toEqual([])
    await blobs.retry('b')
    await blobs.idle()
    expect(fetched()).toEqual(['get b'])
    expect(blobs.blob('b').getSnapshot()).toMatchObject({ status: 'SYNCED' })
  })

  test('what was asked for by retry is fetched after a crash too', async () => {
    const { device } = await holding(['a'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    blobs.pause()
    await blobs.retry('a')
    await blobs.close()
    const again = device({ download: 'onDemand' })
    await again.idle()
    expect(again.blob('a').getSnapshot().status).toBe('SYNCED')
  })

  test('looking at a blob does not fetch it', async () => {
    const { device, fetched } = await holding(['a'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    const stop = blobs.blob('a').subscribe(() => {})
    await blobs.sync()
    await blobs.idle()
    stop()
    expect(fetched()).toEqual([])
  })

  test('a get that fails tells why, and leaves the blob waiting as before', async () => {
    const { device, memory, server } = await holding(['a'])
    const remote = memoryRemote({ memory: server })
    const cut = failure('Unreachable', 'The line is cut.')
    let isCut = true
    const blobs = device({
      download: 'onDemand',
      remote: { ...remote, get: (key, options) => (isCut ? TE.left(cut) : remote.get(key, options)) },
    })
    await blobs.sync()
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: cut })
    await blobs.idle()
    expect(memory.records.get('default/a')).toMatchObject({ ...onDemand, attempts: 0, dueAtMs: null })
    expect(blobs.explain('a').map(({ code }) => code)).toEqual(['held.onDemand', 'failure.Unreachable'])
    isCut = false
    expect(await (await blobs.get('a')).text()).toBe('the content of a')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', lastFailure: null })
  })

  test('a get that is called off calls its download off, and the blob waits as before', async () => {
    const begun = gate()
    const never = gate()
    const { device, memory } = await holding(['a'], (call) => {
      if (call !== 'get') return
      begun.open()
      return never.opened
    })
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    const controller = new AbortController()
    const getting = blobs.get('a', { signal: controller.signal })
    await begun.opened
    controller.abort()
    await expect(getting).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ ...onDemand, phase: 'held', priority: 'medium', attempt: 0 })
    never.open()
    await blobs.idle()
    expect(memory.records.get('default/a')).toMatchObject(onDemand)
    expect(memory.payloads.size).toBe(0)
    expect(await (await blobs.get('a')).text()).toBe('the content of a')
  })

  test('a get of a blob that is deleted here meanwhile is told so, whenever the deletion arrives', async () => {
    const begun = gate()
    const never = gate()
    const { device } = await holding(['a'], (call) => {
      if (call === 'get') begun.open()
      return call === 'get' || call === 'delete' ? never.opened : undefined
    })
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    const getting = expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    await begun.opened
    await blobs.delete('a')
    await getting
    never.open()
  })

  test('two gets of one share a download, and the one that gives up leaves it to the other', async () => {
    const begun = gate()
    const go = gate()
    const { device, fetched } = await holding(['a'], (call) => {
      if (call !== 'get') return
      begun.open()
      return go.opened
    })
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    const controller = new AbortController()
    const first = blobs.get('a', { signal: controller.signal })
    const second = blobs.get('a')
    await begun.opened
    controller.abort()
    await expect(first).rejects.toMatchObject({ failure: { _tag: 'Aborted' } })
    go.open()
    expect(await (await second).text()).toBe('the content of a')
    expect(fetched()).toEqual(['get a'])
  })

  test('offline, get fails at once and nothing changes', async () => {
    const { device, memory } = await holding(['a'])
    let isOnline = true
    const listeners = new Set<(isOnline: boolean) => void>()
    const subscribe = (listener: (isOnline: boolean) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
    const blobs = device({ download: 'onDemand', connectivity: { isOnline: () => isOnline, subscribe } })
    await blobs.sync()
    isOnline = false
    for (const listener of listeners) listener(false)
    const before = memory.records.get('default/a')
    await expect(blobs.get('a')).rejects.toMatchObject({ failure: { _tag: 'Unreachable' } })
    expect(memory.records.get('default/a')).toBe(before)
  })

  test('what is put here is uploaded as ever', async () => {
    const { device, server } = await holding(['a'])
    const blobs = device({ download: 'onDemand' })
    await blobs.put(text('mine'), { id: 'mine' })
    await blobs.sync()
    expect([...(server.namespaces.values().next().value?.blobs.keys() ?? [])].toSorted()).toEqual(['a', 'mine'])
  })

  test('a tombstone of a blob that waits on demand forgets it', async () => {
    const { device, other } = await holding(['a', 'b'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    await other.delete('a')
    await other.sync()
    await blobs.sync()
    expect(blobs.list().map(({ id }) => id)).toEqual(['b'])
  })
})

describe('a policy that decides blob by blob', () => {
  test('sees namespace, id and size, and fetches what it wants', async () => {
    const { device, fetched } = await holding(['small', 'large-one'])
    const shown: ListedBlob[] = []
    const download = (blob: ListedBlob) => {
      shown.push(blob)
      return blob.id === 'small'
    }
    const blobs = device({ download })
    const report = await blobs.sync()
    expect(fetched()).toEqual(['get small'])
    expect(report.held).toMatchObject([{ id: 'large-one', held: 'onDemand' }])
    expect(shown.every(({ namespace, sizeBytes }) => namespace === 'default' && (sizeBytes ?? 0) > 100)).toBe(true)
  })

  test('that wants more later is obeyed at the next list', async () => {
    const { device, fetched } = await holding(['a', 'b'])
    let isOnWifi = false
    const blobs = device({ download: () => isOnWifi })
    await blobs.sync()
    expect(fetched()).toEqual([])
    isOnWifi = true
    const report = await blobs.sync()
    expect(report.downloaded).toHaveLength(2)
    expect(report.held).toEqual([])
  })

  test('that throws is reported once; its blobs wait, the others go on', async () => {
    const { device, fetched } = await holding(['a', 'b', 'c'])
    const told: Failure[] = []
    const blobs = device({
      download: ({ id }) => {
        if (id !== 'c') throw new TypeError('no such table')
        return true
      },
    })
    blobs.on('failure.reported', (reason) => told.push(reason))
    const report = await blobs.sync()
    expect(fetched()).toEqual(['get c'])
    expect(report.held.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ _tag: 'Corrupt', message: expect.stringContaining('no such table') })
    expect(await (await blobs.get('a')).text()).toBe('the content of a')
  })
})

describe('a policy that changes between runs', () => {
  test('to eager fetches what waited on demand', async () => {
    const { device } = await holding(['a', 'b'])
    const first = device({ download: 'onDemand' })
    await first.sync()
    await first.close()
    const report = await device().sync()
    expect(report.downloaded).toHaveLength(2)
  })

  test('to on demand stops what waits for its download, but not what was asked for', async () => {
    const { device, fetched } = await holding(['a', 'b', 'c'])
    const first = device({ paused: true })
    await first.sync()
    await first.setPriority('b', 'urgent')
    await first.setPinned('c', true)
    expect(first.getSnapshot().active).toBe(3)
    await first.close()
    const again = device({ download: 'onDemand' })
    const report = await again.sync()
    expect(fetched().toSorted()).toEqual(['get b', 'get c'])
    expect(report.held).toMatchObject([{ id: 'a', held: 'onDemand' }])
  })
})

describe('pinned blobs', () => {
  test('are fetched although nothing is fetched by itself, and stay pinned through a restart', async () => {
    const { device } = await holding(['a', 'b'])
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    await blobs.setPinned('a', true)
    await blobs.idle()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', isHere: true, isPinned: true })
    await blobs.close()
    const again = device({ download: 'onDemand' })
    await again.ready
    expect(again.blob('a').getSnapshot()).toMatchObject({ isPinned: true })
    await again.setPinned('a', false)
    expect(again.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', isPinned: false })
    await expect(again.setPinned('nobody', true)).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
  })

  test('may be pinned while they are put, and while they are uploaded', async () => {
    const { device } = await holding([])
    const blobs = device()
    await blobs.put(text('one'), { id: 'one', isPinned: true })
    await blobs.put(text('two'), { id: 'two' })
    await blobs.setPinned('two', true)
    await blobs.sync()
    for (const id of ['one', 'two']) expect(blobs.blob(id).getSnapshot()).toMatchObject({ status: 'SYNCED', isPinned: true })
  })

  test('a store that fails tells whoever pins, and nothing has changed', async () => {
    const { device, memory } = await holding(['a'])
    const first = device()
    await first.sync()
    await first.close()
    const store = memoryStore(memory)
    const remember = () => TE.left(failure('StorageBroken', 'EIO'))
    const blobs = device({ store: { ...store, remember } })
    await expect(blobs.setPinned('a', true)).rejects.toMatchObject({ failure: { _tag: 'StorageBroken' } })
    expect(blobs.blob('a').getSnapshot().isPinned).toBe(false)
  })
})

test('a record of an earlier version is on no demand and not pinned', async () => {
  const { device, memory } = await holding([])
  const {
    isPinned: _,
    usedAtMs: __,
    ...before
  } = recordOf('old', { status: 'PENDING_UPLOAD', isHere: true, sizeBytes: 3, seal: null })
  memory.records.set('default/old', before)
  memory.payloads.set('default/old', text('old'))
  const blobs = device()
  await seen(blobs, 'old', ({ status }) => status === 'SYNCED')
  expect(await (await blobs.get('old')).text()).toBe('old')
})
