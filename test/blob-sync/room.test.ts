import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import type { BlobSyncOptions, Failure, Remote } from '../../src/index'
import { failure } from '../../src/model/failure'
import type { Entry } from '../../src/model/wire'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'
import { settled, virtualClock } from '../virtual-clock'
import { device, gate, text, watched } from './device'
import { disk, smallStore, usedBytes, type Disk } from './small-disk'

const KB = 1_000
const MINUTE_MS = 60_000

/** A remote with so many blobs of a kilobyte, and a device with a disk of so many bytes. */
const site = async ({ blobs: count, quotaBytes }: { readonly blobs: number; readonly quotaBytes: number }) => {
  const server = remoteMemory()
  const other = device({ remote: memoryRemote({ memory: server }) })
  for (let nth = 0; nth < count; nth += 1) await other.put(new Uint8Array(KB).fill(nth), { id: `b${nth}` })
  await other.sync()
  const { remote, calls } = watched(memoryRemote({ memory: server, powers: { batches: false } }))
  const clock = virtualClock()
  const on = disk(quotaBytes)
  return {
    on,
    clock,
    calls,
    remote,
    server,
    other,
    fetched: () => calls.filter((call) => call.startsWith('get')).length,
    device: (given: Partial<BlobSyncOptions> = {}) => device({ remote, store: smallStore(on), clock, transfers: 1, ...given }),
  }
}

const hereIn = ({ memory }: Disk) => [...memory.payloads.keys()].map((key) => key.replace('default/', '')).toSorted()

describe('a device that is as full as it may be', () => {
  test('begins not one download, says so, and goes on uploading', async () => {
    const { on, device, fetched, calls } = await site({ blobs: 5, quotaBytes: 100 * KB })
    on.othersBytes = 90 * KB
    const blobs = device()
    await blobs.put(text('mine'), { id: 'mine' })
    const report = await blobs.sync()
    expect(fetched()).toBe(0)
    expect(calls).toContain('put mine')
    expect(report.uploaded).toMatchObject([{ id: 'mine' }])
    expect(report.waiting).toHaveLength(5)
    expect(blobs.getSnapshot().transfers).toBe('full')
    expect(blobs.explain('b0').map(({ code }) => code)).toContain('full')
    expect(blobs.blob('b0').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', phase: 'queued', attempt: 0 })
  })

  test('stops on the way, near the mark, before anything fails', async () => {
    const { on, device } = await site({ blobs: 100, quotaBytes: 50 * KB })
    const blobs = device()
    const failures: Failure[] = []
    blobs.on('blob.changed', ({ lastFailure }) => lastFailure !== null && failures.push(lastFailure))
    await blobs.sync()
    expect(blobs.getSnapshot().transfers).toBe('full')
    expect(usedBytes(on)).toBeGreaterThanOrEqual(45 * KB)
    expect(usedBytes(on)).toBeLessThanOrEqual(47 * KB)
    // At most the one that had a slot when the mark was reached.
    expect(failures.length).toBeLessThanOrEqual(1)
  })

  test('is asked seldom: some twenty times until it is full, not once per blob', async () => {
    const { on, device } = await site({ blobs: 400, quotaBytes: 300 * KB })
    await device().sync()
    expect(usedBytes(on)).toBeGreaterThanOrEqual(270 * KB)
    expect(on.asked).toBeLessThan(25)
  })

  test('takes what the app puts as long as there is any room', async () => {
    const { on, device } = await site({ blobs: 1, quotaBytes: 10 * KB })
    on.othersBytes = 9_500
    const blobs = device()
    await blobs.put(new Uint8Array(400), { id: 'fits' })
    await expect(blobs.put(new Uint8Array(400), { id: 'fits-not' })).rejects.toMatchObject({ failure: { _tag: 'StorageFull' } })
  })

  test('honours a mark of the app', async () => {
    const { on, device } = await site({ blobs: 20, quotaBytes: 20 * KB })
    await device({ room: { fullAt: 0.5 } }).sync()
    expect(usedBytes(on)).toBeGreaterThanOrEqual(10 * KB)
    expect(usedBytes(on)).toBeLessThanOrEqual(12 * KB)
  })

  test('goes on by itself, within a minute, once others made room', async () => {
    const { on, clock, device, fetched } = await site({ blobs: 5, quotaBytes: 100 * KB })
    on.othersBytes = 90 * KB
    const blobs = device()
    await blobs.sync()
    await clock.advance(10 * MINUTE_MS)
    expect(fetched()).toBe(0)
    expect(blobs.getSnapshot().transfers).toBe('full')
    on.othersBytes = 0
    await clock.advance(MINUTE_MS)
    expect(fetched()).toBe(5)
    expect(blobs.getSnapshot().transfers).toBe('running')
  })

  test('goes on at once when blobs are deleted, when the trash is emptied, and on resume', async () => {
    const { on, other, device, fetched } = await site({ blobs: 100, quotaBytes: 50 * KB })
    const blobs = device()
    await blobs.sync()
    const [first, second, third, ...rest] = hereIn(on)
    for (const id of [first, second, third]) await blobs.delete(id ?? '')
    await blobs.idle()
    const after = fetched()
    expect(hereIn(on)).not.toContain(first)
    expect(usedBytes(on)).toBeGreaterThanOrEqual(45 * KB)
    for (const id of rest.slice(0, 4)) await other.delete(id)
    await other.sync()
    expect((await blobs.sync()).trashed).toHaveLength(4)
    expect(fetched()).toBe(after)
    for (const id of rest.slice(0, 4)) await blobs.delete(id)
    await blobs.idle()
    expect(fetched()).toBeGreaterThan(after)
    on.quotaBytes = 70 * KB
    blobs.resume()
    await blobs.idle()
    expect(usedBytes(on)).toBeGreaterThanOrEqual(63 * KB)
  })

  test('refuses a get while it is full, and gives it once there is room', async () => {
    const { on, device } = await site({ blobs: 1, quotaBytes: 100 * KB })
    on.othersBytes = 95 * KB
    const blobs = device({ download: 'onDemand' })
    await blobs.sync()
    await expect(blobs.get('b0')).rejects.toMatchObject({ failure: { _tag: 'StorageFull' } })
    expect(blobs.blob('b0').getSnapshot()).toMatchObject({ status: 'PENDING_DOWNLOAD', held: 'onDemand' })
    on.othersBytes = 0
    expect((await blobs.get('b0')).size).toBe(KB)
  })

  test('that tells a quota of nothing fetches until something fails', async () => {
    const { on, device, fetched } = await site({ blobs: 5, quotaBytes: 100 * KB })
    on.othersBytes = 92 * KB
    on.tell = () => ({ usedBytes: 0, quotaBytes: 0 })
    await device().sync()
    expect(fetched()).toBe(5)
  })

  test('that cannot tell says so once, and fetches until something fails', async () => {
    const { on, device, other, clock, fetched } = await site({ blobs: 5, quotaBytes: 100 * KB })
    const told: Failure[] = []
    const broken: Failure = { _tag: 'StorageBroken', message: 'EIO' }
    const blobs = device({ store: { ...smallStore(on), room: () => TE.left(broken) } })
    blobs.on('failure.reported', (reason) => told.push(reason))
    await blobs.sync()
    await clock.advance(2 * MINUTE_MS)
    await other.put(text('new'), { id: 'new' })
    await other.sync()
    await blobs.sync()
    expect(fetched()).toBe(6)
    expect(told).toEqual([broken])
    expect(blobs.getSnapshot().transfers).toBe('running')
  })

  test('marks that make no sense are refused with the rule', () => {
    for (const room of [
      { fullAt: 0 },
      { fullAt: 1.1 },
      { fullAt: NaN },
      { evictTo: 0.9 },
      { evictTo: -1 },
      { fullAt: 0.5, evictTo: 0.6 },
    ])
      expect(() => device({ room, store: memoryStore() })).toThrow(/room\.fullAt/)
  })
})

describe('a device that evicts', () => {
  const room = { fullAt: 0.9, evictTo: 0.5 }

  /** A device with twenty synced blobs, the first the oldest, on a disk of which they take what the test says. */
  const filled = async (lying: (remote: Remote) => Remote = (remote) => remote) => {
    const at = await site({ blobs: 0, quotaBytes: 1_000 * KB })
    const blobs = at.device({ room, remote: lying(at.remote) })
    for (let nth = 0; nth < 20; nth += 1) {
      await blobs.put(new Uint8Array(KB).fill(nth), { id: `p${String(nth).padStart(2, '0')}` })
      await blobs.sync()
      await at.clock.advance(5 * MINUTE_MS)
    }
    const evicted: string[] = []
    blobs.on('blob.evicted', ({ id, held }) => evicted.push(`${id} ${held}`))
    /** Another device adds one, and this one has room for 20 kB only. */
    const overflow = async (quotaBytes = 20 * KB) => {
      at.on.quotaBytes = quotaBytes
      await at.clock.advance(2 * MINUTE_MS)
      await at.other.put(new Uint8Array(KB).fill(99), { id: 'new' })
      await at.other.sync()
      const report = await blobs.sync()
      return report
    }
    return { ...at, blobs, evicted, overflow }
  }

  const remoteIds = ({ server }: { readonly server: ReturnType<typeof remoteMemory> }) =>
    [...(server.namespaces.values().next().value?.blobs.keys() ?? [])].map(String)

  test('drops what was not used for longest until the lower mark, and goes on', async () => {
    const { on, blobs, evicted, overflow, calls } = await filled()
    expect((await blobs.get('p00')).size).toBe(KB)
    const report = await overflow()
    expect(evicted).toEqual(Array.from({ length: 10 }, (_, nth) => `p${String(nth + 1).padStart(2, '0')} onDemand`))
    expect(report.downloaded).toMatchObject([{ id: 'new' }])
    expect(hereIn(on)).toContain('p00')
    expect(hereIn(on)).toHaveLength(11)
    for (const id of ['p01', 'p10']) expect(calls).toContain(`stat ${id}`)
    expect(calls.filter((call) => call.startsWith('stat'))).toHaveLength(10)
    expect(blobs.getSnapshot().transfers).toBe('running')
    expect(on.memory.records.get('default/p01')).toMatchObject({
      status: 'PENDING_DOWNLOAD',
      held: 'onDemand',
      isHere: false,
      sizeBytes: KB,
      tag: expect.any(String),
      seal: null,
    })
  })

  test('fetches nothing of that again by itself; get brings it back', async () => {
    const { on, blobs, overflow, fetched } = await filled()
    await overflow()
    on.quotaBytes = 1_000 * KB
    const before = fetched()
    expect((await blobs.sync()).held).toHaveLength(10)
    expect(fetched()).toBe(before)
    expect(new Uint8Array(await (await blobs.get('p03')).arrayBuffer())).toEqual(new Uint8Array(KB).fill(3))
    expect(blobs.blob('p03').getSnapshot()).toMatchObject({ status: 'SYNCED', isHere: true })
  })

  test('remembers uses through a restart, without a write for each', async () => {
    const first = await filled()
    const { on, clock, blobs } = first
    await clock.advance(2 * 60 * MINUTE_MS)
    await blobs.get('p00')
    await settled()
    const written = on.memory.records.get('default/p00')
    await clock.advance(MINUTE_MS)
    await blobs.get('p00')
    await settled()
    expect(on.memory.records.get('default/p00')).toBe(written)
    await blobs.close()
    const again = first.device({ room })
    on.quotaBytes = 20 * KB
    await first.other.put(text('new'), { id: 'new' })
    await first.other.sync()
    await again.sync()
    expect(hereIn(on)).toContain('p00')
    expect(hereIn(on)).not.toContain('p01')
  })

  test('never drops what is pinned, pending, local or external', async () => {
    const { on, blobs, overflow } = await filled()
    for (const id of ['p00', 'p01', 'p02']) await blobs.setPinned(id, true)
    await blobs.put(text('local'), { id: 'local', localOnly: true })
    on.memory.records.set('default/p03', { ...(on.memory.records.get('default/p03') as object), isExternal: true })
    await overflow(5 * KB)
    for (const id of ['p00', 'p01', 'p02', 'local']) expect(hereIn(on)).toContain(id)
    expect(hereIn(on)).toContain('p03')
    expect(hereIn(on)).not.toContain('p04')
  })

  test.each<[string, (remote: Remote) => Remote]>([
    ['tells another tag', (remote) => withStat(remote, (entry) => ({ ...entry, tag: 'AAAAAAAAAAAAAAAAAAAAAA==' }))],
    ['tells no tag', (remote) => withStat(remote, (entry) => ({ ...entry, tag: null }))],
    ['says that it is gone', (remote) => ({ ...remote, stat: () => TE.right(O.none) })],
    ['cannot be reached', (remote) => ({ ...remote, stat: () => TE.left(failure('Unreachable', 'The line is cut.')) })],
  ])('drops nothing when the remote %s', async (_, lying) => {
    let asked = 0
    const { on, blobs, evicted, overflow } = await filled((honest) => {
      const remote = lying(honest)
      return { ...remote, stat: (...given) => ((asked += 1), remote.stat(...given)) }
    })
    await overflow()
    expect(asked).toBeGreaterThan(0)
    expect(blobs.getSnapshot().transfers).toBe('full')
    await expect(blobs.evict('p00')).rejects.toMatchObject({ name: 'BlobSyncError' })
    expect(evicted).toEqual([])
    expect(hereIn(on)).toHaveLength(20)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(20)
  })

  test('asks about few blobs while the remote cannot be reached', async () => {
    let asked = 0
    const { overflow } = await filled((remote) => ({
      ...remote,
      stat: () => ((asked += 1), TE.left(failure('Unreachable', 'The line is cut.'))),
    }))
    await overflow()
    expect(asked).toBeLessThanOrEqual(4)
  })

  test('is full when that frees nothing, and tries again each minute without hurry', async () => {
    const { blobs, clock, overflow, calls } = await filled()
    for (const { id } of blobs.list()) await blobs.setPinned(id, true)
    await overflow()
    expect(blobs.getSnapshot().transfers).toBe('full')
    expect(calls.filter((call) => call.startsWith('stat') || call === 'get new')).toEqual([])
    await blobs.setPinned('p00', false)
    await blobs.setPinned('p01', false)
    await blobs.setPinned('p02', false)
    await clock.advance(2 * MINUTE_MS)
    await blobs.idle()
    expect(calls).toContain('get new')
  })

  test('leaves what was given to the app in the last minute, though nothing else is left to drop', async () => {
    const { on, other, blobs, clock } = await filled()
    for (const { id } of blobs.list()) if (id !== 'p00') await blobs.setPinned(id, true)
    on.quotaBytes = 22 * KB
    await clock.advance(2 * MINUTE_MS)
    await blobs.get('p00')
    await other.put(text('new'), { id: 'new' })
    await other.sync()
    await blobs.sync()
    expect(blobs.getSnapshot().transfers).toBe('full')
    expect(hereIn(on)).toContain('p00')
    await clock.advance(2 * MINUTE_MS)
    expect(hereIn(on)).not.toContain('p00')
    expect(hereIn(on)).toHaveLength(20)
  })

  test('leaves what was given to the app while the remote was asked', async () => {
    const asked = gate()
    const go = gate()
    const { on, blobs, overflow } = await filled((remote) => ({
      ...remote,
      stat: (key, options) =>
        TE.chain(() => remote.stat(key, options))(TE.fromTask<void, Failure>(() => (asked.open(), go.opened))),
    }))
    const syncing = overflow()
    await asked.opened
    const [given] = await Promise.all([blobs.get('p00'), settled().then(go.open)])
    await syncing
    expect(hereIn(on)).toContain('p00')
    expect(given.size).toBe(KB)
  })

  test('makes room as puts fill it, before any of them fails', async () => {
    const { on, blobs, clock, evicted } = await filled()
    on.quotaBytes = 30 * KB
    await clock.advance(2 * MINUTE_MS)
    for (let nth = 0; nth < 30; nth += 1) {
      await blobs.put(new Uint8Array(KB).fill(nth), { id: `q${nth}` })
      await blobs.sync()
    }
    expect(evicted.length).toBeGreaterThan(20)
    expect(usedBytes(on)).toBeLessThanOrEqual(28 * KB)
  })

  test('believes what it dropped, where the store shows it late', async () => {
    const { on, blobs, clock, evicted, overflow } = await filled()
    let most = 0
    on.tell = (told) => ({ ...told, usedBytes: (most = Math.max(most, told.usedBytes)) })
    await overflow()
    expect(evicted).toHaveLength(10)
    await clock.advance(5 * MINUTE_MS)
    await blobs.sync()
    expect(evicted).toHaveLength(10)
    expect(blobs.getSnapshot().transfers).toBe('running')
  })

  test('makes room when a write fails although the store told of room', async () => {
    const { on, blobs, overflow, evicted } = await filled()
    on.tell = (told) => ({ ...told, quotaBytes: 1_000 * KB })
    const report = await overflow()
    expect(report.downloaded).toMatchObject([{ id: 'new' }])
    expect(evicted).toHaveLength(10)
    expect(blobs.getSnapshot().transfers).toBe('running')
  })

  test('tries once, not again and again, when a write fails and nothing may be dropped', async () => {
    const { on, blobs, overflow, calls } = await filled()
    for (const { id } of blobs.list()) await blobs.setPinned(id, true)
    on.tell = (told) => ({ ...told, quotaBytes: 1_000 * KB })
    await overflow()
    expect(calls.filter((call) => call === 'get new')).toHaveLength(1)
    expect(blobs.getSnapshot().transfers).toBe('full')
  })

  test('a blob that is larger than the disk does not drive out all others', async () => {
    const { on, other, blobs, clock, evicted } = await filled()
    on.tell = (told) => ({ ...told, quotaBytes: 1_000 * KB })
    on.quotaBytes = 40 * KB
    await other.put(new Uint8Array(50 * KB), { id: 'huge' })
    await other.sync()
    await blobs.sync()
    await clock.advance(30 * MINUTE_MS)
    expect(evicted).toHaveLength(10)
    expect(hereIn(on)).toHaveLength(10)
    expect(blobs.getSnapshot().transfers).toBe('full')
  })

  test('makes room for the next put when one has failed', async () => {
    const { on, blobs, clock } = await filled()
    on.quotaBytes = 20 * KB
    await clock.advance(2 * MINUTE_MS)
    await expect(blobs.put(new Uint8Array(KB), { id: 'mine' })).rejects.toMatchObject({ failure: { _tag: 'StorageFull' } })
    await blobs.idle()
    await settled()
    await blobs.put(new Uint8Array(KB), { id: 'mine' })
    expect(hereIn(on)).toContain('mine')
  })

  test('a crash at any step leaves each blob here or on the remote', async () => {
    const { on, server, overflow } = await filled()
    const snapshots: Disk['memory'][] = []
    on.tell = (told) => told
    const record = () =>
      snapshots.push({ ...on.memory, records: new Map(on.memory.records), payloads: new Map(on.memory.payloads) })
    const { payloads } = on.memory
    const drop = payloads.delete.bind(payloads)
    payloads.delete = (key) => {
      const before = drop(key)
      record()
      return before
    }
    await overflow()
    expect(snapshots.length).toBeGreaterThanOrEqual(10)
    for (const memory of snapshots) {
      const again = device({ store: memoryStore(memory), remote: memoryRemote({ memory: server }), download: 'onDemand' })
      await again.ready
      for (const id of remoteIds({ server })) {
        if (id === 'new') continue
        const { isHere, status } = again.blob(id).getSnapshot()
        expect([isHere, status]).toEqual(memory.payloads.has(`default/${id}`) ? [true, 'SYNCED'] : [false, 'PENDING_DOWNLOAD'])
        expect((await again.get(id)).size).toBe(KB)
      }
      await again.close()
    }
  })
})

describe('evict', () => {
  const synced = async (before: Parameters<typeof watched>[1] = () => {}) => {
    const server = remoteMemory()
    const { remote, calls } = watched(memoryRemote({ memory: server, powers: { batches: false } }), before)
    const on = disk(1_000 * KB)
    const blobs = device({ remote, store: smallStore(on) })
    await blobs.put(text('hello'), { id: 'a' })
    await blobs.sync()
    return { blobs, on, calls, remote, server }
  }

  test('frees the room of one blob; get fetches it again; a second time is harmless', async () => {
    const { blobs, on, calls } = await synced()
    await blobs.evict('a')
    await blobs.evict('a')
    expect(on.memory.payloads.size).toBe(0)
    expect(blobs.blob('a').getSnapshot()).toMatchObject({
      status: 'PENDING_DOWNLOAD',
      held: 'onDemand',
      isHere: false,
      sizeBytes: 5,
    })
    await blobs.sync()
    expect(calls).not.toContain('get a')
    expect(await (await blobs.get('a')).text()).toBe('hello')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', isHere: true })
  })

  test('refuses what is pinned, pending or local, without asking the remote', async () => {
    const { blobs, calls } = await synced()
    await blobs.setPinned('a', true)
    await blobs.put(text('local'), { id: 'local', localOnly: true })
    for (const id of ['a', 'local']) await expect(blobs.evict(id)).rejects.toMatchObject({ failure: { _tag: 'Forbidden' } })
    await expect(blobs.evict('nobody')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    expect(calls.filter((call) => call.startsWith('stat'))).toEqual([])
  })

  test('refuses what has no tag, also where the remote tells none', async () => {
    const { on, remote } = await synced()
    on.memory.records.set('default/a', { ...(on.memory.records.get('default/a') as object), tag: null })
    const again = device({ store: smallStore(on), remote: withStat(remote, (entry) => ({ ...entry, tag: null })) })
    await expect(again.evict('a')).rejects.toMatchObject({ failure: { _tag: 'Forbidden' } })
    expect(on.memory.payloads.has('default/a')).toBe(true)
  })

  test.each(['pinned', 'deleted'])('leaves alone what was %s while the remote was asked', async (what) => {
    const asked = gate()
    const go = gate()
    const { blobs, on } = await synced((call) => {
      if (call !== 'stat') return
      asked.open()
      return go.opened
    })
    const evicting = blobs.evict('a')
    evicting.catch(() => {})
    await asked.opened
    await (what === 'pinned' ? blobs.setPinned('a', true) : blobs.delete('a'))
    go.open()
    await expect(evicting).rejects.toMatchObject({ name: 'BlobSyncError' })
    expect(on.memory.payloads.has('default/a')).toBe(what === 'pinned')
    expect(blobs.blob('a').getSnapshot().status).toBe(what === 'pinned' ? 'SYNCED' : 'PENDING_DELETE')
  })

  test('and get of the same blob at once: get never fails', async () => {
    const { blobs } = await synced()
    for (let round = 0; round < 50; round += 1) {
      const results = await Promise.allSettled([
        blobs.evict('a'),
        blobs.get('a'),
        settled().then(() => blobs.get('a')),
        blobs.evict('a'),
      ])
      for (const at of [1, 2]) {
        const result = results[at]
        if (result?.status !== 'fulfilled') throw new Error('A get has failed.', { cause: result?.reason })
        expect(await (result.value as Blob).text()).toBe('hello')
      }
    }
  })

  test('a remote that loses an evicted blob is reported, and the blob not forgotten', async () => {
    const { blobs, server } = await synced()
    await blobs.evict('a')
    server.namespaces.values().next().value?.blobs.clear()
    const report = await blobs.sync({ whole: true })
    expect(report.missing).toMatchObject([{ id: 'a' }])
    expect(blobs.list()).toMatchObject([{ id: 'a', held: 'onDemand' }])
  })
})

const withStat = (remote: Remote, lie: (entry: Entry) => Entry): Remote => ({
  ...remote,
  stat: (key, options) => TE.map(O.map(lie))(remote.stat(key, options)),
})
