import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { fc, test as propertyTest } from '@fast-check/vitest'
import type { BlobSync, Remote } from '../../src/index'
import { blobKey } from '../../src/model/ids'
import { memoryRemote, remoteMemory, type RemoteMemory } from '../../src/remote/memory'
import { httpRemote } from '../../src/remote/http'
import { memoryStore, newMemory } from '../../src/store/memory'
import { serving } from '../server/serving'
import { virtualClock } from '../virtual-clock'
import { device, gate, seen, text, watched } from './device'

const shared = () => {
  const memory = remoteMemory()
  return { memory, remote: () => memoryRemote({ memory }) }
}

/** What a list of everything would still change. */
const leftOver = async (blobs: BlobSync) => {
  const { downloaded, uploaded, trashed, missing, deleted, failed } = await blobs.sync({ whole: true })
  return [...downloaded, ...uploaded, ...trashed, ...missing, ...deleted, ...failed]
}

const statusOf = (blobs: BlobSync, id: string) => blobs.blob(id).getSnapshot().status

describe('a sync where the remote tells what has changed', () => {
  test('is one request where nothing has', async () => {
    const { server, lines } = await serving()
    const open = () =>
      device({ remote: httpRemote({ url: server.url, user: 'ann', token: 'secret' }), namespaces: ['default', 'other'] })
    const [a, b] = [open(), open()]
    await a.put(text('one'), { id: 'one' })
    await a.put(text('two'), { id: 'two', namespace: 'other' })
    await a.sync()
    await b.sync()
    await a.sync()
    lines.length = 0
    await a.sync()
    await b.sync()
    expect(lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(['GET /blobs/ann/ 200', 'GET /blobs/ann/ 200'])
  })

  test('brings what was put and what was deleted, in every namespace, without a list', async () => {
    const { remote } = shared()
    const a = device({ remote: remote() })
    const { remote: heard, calls } = watched(remote())
    const b = device({ remote: heard })
    for (const id of ['one', 'two']) await a.put(text(id), { id })
    await a.sync()
    await b.sync()
    calls.length = 0
    await a.delete('one')
    await a.put(text('three'), { id: 'three' })
    await a.sync()
    expect(await b.sync()).toMatchObject({ downloaded: [{ id: 'three' }], trashed: [{ id: 'one' }] })
    expect(await (await b.get('three')).text()).toBe('three')
    expect(calls.filter((call) => call.startsWith('list'))).toEqual([])
  })

  test('goes on after a restart where it was', async () => {
    const { remote } = shared()
    const a = device({ remote: remote() })
    const disk = newMemory()
    const first = device({ remote: remote(), store: memoryStore(disk) })
    await a.put(text('one'), { id: 'one' })
    await a.sync()
    await first.sync()
    await first.close()
    await a.put(text('two'), { id: 'two' })
    await a.sync()
    const { remote: heard, calls } = watched(remote())
    const second = device({ remote: heard, store: memoryStore(disk) })
    expect(await second.sync()).toMatchObject({ downloaded: [{ id: 'two' }] })
    expect(calls).toEqual(['get two'])
  })

  test('lists everything where the remote no longer knows how far it came', async () => {
    const { memory, remote } = shared()
    const disk = newMemory()
    const b = device({ remote: remote(), store: memoryStore(disk) })
    await b.put(text('one'), { id: 'one' })
    await b.sync()
    // Another server, or one that was put back from a copy: its feed is another.
    for (const [namespace, { blobs, tombstones, flags }] of memory.namespaces)
      memory.namespaces.set(namespace, { blobs: new Map(blobs), tombstones: new Set(tombstones), flags })
    const a = device({ remote: remote() })
    await a.put(text('two'), { id: 'two' })
    await a.sync()
    expect(await b.sync()).toMatchObject({ downloaded: [{ id: 'two' }], failure: null })
    expect(await leftOver(b)).toEqual([])
  })

  test('does not take another user’s place in the feed, or another server’s, for its own', async () => {
    const { server } = await serving()
    const remoteOf = (user: string, token: string) => httpRemote({ url: server.url, user, token })
    const disk = newMemory()
    const first = device({ remote: remoteOf('ann', 'secret'), store: memoryStore(disk) })
    const bob = device({ remote: remoteOf('bob', 'other:secret') })
    await bob.put(text('bob’s'), { id: 'bobs' })
    await bob.sync()
    await first.put(text('ann’s'), { id: 'anns' })
    await first.sync()
    await first.close()
    const moved = device({ remote: remoteOf('bob', 'other:secret'), store: memoryStore(disk) })
    expect(await moved.sync()).toMatchObject({ downloaded: [{ id: 'bobs' }] })
  })

  test('lists everything a day after it did so last, and uploads again what was lost', async () => {
    const { memory, remote } = shared()
    const clock = virtualClock()
    const a = device({ remote: memoryRemote({ memory, powers: { batches: false } }), clock })
    await a.put(text('one'), { id: 'one' })
    await a.sync()
    const place = [...memory.namespaces.values()][0]
    place?.blobs.clear()
    expect((await a.sync()).missing).toEqual([])
    await clock.advance(24 * 60 * 60_000 + 10)
    expect((await a.sync()).missing).toMatchObject([{ id: 'one' }])
    await clock.advance(10)
    await a.sync()
    expect(place?.blobs.size).toBe(1)
    expect(await leftOver(device({ remote: remote() }))).toHaveLength(1)
  })

  test('lists everything again once records could not be read', async () => {
    const { remote } = shared()
    const disk = newMemory()
    const first = device({ remote: remote(), store: memoryStore(disk) })
    await first.put(text('one'), { id: 'one' })
    await first.sync()
    await first.sync()
    await first.close()
    disk.records.set('default/one', { version: 1, status: 'nonsense' })
    const second = device({ remote: remote(), store: memoryStore(disk) })
    expect(await second.sync()).toMatchObject({ downloaded: [{ id: 'one' }] })
  })

  test('hears again of a blob that was deleted while the answer to its upload was on the way', async () => {
    const { remote } = shared()
    const other = remote()
    const answered = gate()
    const arrived = gate()
    const inner = remote()
    const slow: Remote = {
      ...inner,
      put: (key, upload) => async () => {
        const result = await inner.put(key, upload)()
        arrived.open()
        await answered.opened
        return result
      },
    }
    const a = device({ remote: slow })
    await a.sync()
    await a.put(text('short-lived'), { id: 'a' })
    await arrived.opened
    const key = blobKey('a')
    if (key._tag === 'Right') await other.delete(key.right)()
    await a.sync({ wait: false, signal: AbortSignal.timeout(300) }).catch(() => {})
    answered.open()
    await a.idle()
    await a.sync()
    expect(statusOf(a, 'a')).toBe('DELETED')
    expect(await leftOver(a)).toEqual([])
  })

  test('fetches what was in conflict, once the copy here is deleted', async () => {
    const { remote } = shared()
    const [a, b] = [device({ remote: remote() }), device({ remote: remote() })]
    await b.sync()
    await a.put(text('theirs'), { id: 'a' })
    await a.sync()
    await b.put(text('mine'), { id: 'a' })
    await b.sync()
    expect(b.blob('a').getSnapshot().held).toBe('conflict')
    await b.delete('a')
    await b.sync()
    expect(await (await b.get('a')).text()).toBe('theirs')
    expect(await leftOver(b)).toEqual([])
  })

  test('deletes again what came late, and lets the mark go only then', async () => {
    const { memory, remote } = shared()
    const a = device({ remote: remote() })
    await a.put(text('one'), { id: 'a' })
    await a.sync()
    const key = blobKey('a')
    if (key._tag === 'Left') throw new TypeError('no key')
    const late = memory.namespaces.get(key.right.namespace)?.blobs.get(key.right.id)
    if (late === undefined) throw new TypeError('nothing was uploaded')
    await a.delete('a')
    await a.idle()
    expect(statusOf(a, 'a')).toBe('PENDING_DELETE')
    memory.namespaces.get(key.right.namespace)?.blobs.set(key.right.id, late)
    await a.sync()
    await a.sync()
    expect(statusOf(a, 'a')).toBe('DELETED')
    expect(memory.namespaces.get(key.right.namespace)?.blobs.size).toBe(0)
    expect(await leftOver(a)).toEqual([])
  })

  test('lets the mark of a deletion go, and forgets a download that the remote no longer has', async () => {
    const { memory, remote } = shared()
    const a = device({ remote: remote() })
    const b = device({ remote: remote(), download: 'onDemand' })
    for (const id of ['deleted', 'lost']) await a.put(text(id), { id })
    await a.sync()
    await b.sync()
    await a.delete('deleted')
    await a.idle()
    expect(statusOf(a, 'deleted')).toBe('PENDING_DELETE')
    await a.sync()
    await a.sync()
    expect(statusOf(a, 'deleted')).toBe('DELETED')
    const key = blobKey('lost')
    if (key._tag === 'Right') memory.namespaces.get(key.right.namespace)?.blobs.delete(key.right.id)
    await b.retry('lost')
    await seen(b, 'lost', ({ status }) => status === 'DELETED')
  })

  test('asks before very many go, though they be told in small pieces, and tells them until the app agrees', async () => {
    const { memory, remote } = shared()
    const a = device({ remote: remote() })
    const b = device({ remote: remote() })
    const ids = Array.from({ length: 240 }, (_, n) => `b${n}`)
    for (const id of ids) await a.put(text(id), { id })
    await a.sync()
    await b.sync()
    const remove = async (some: readonly string[]) => {
      for (const id of some) {
        const key = blobKey(id)
        if (key._tag === 'Right') await remote().delete(key.right)()
      }
    }
    await remove(ids.slice(0, 90))
    expect((await b.sync()).trashed).toHaveLength(90)
    await remove(ids.slice(90, 180))
    for (let time = 0; time < 2; time += 1) expect(await b.sync()).toMatchObject({ trashed: [], removalsToConfirm: 90 })
    expect((await b.sync({ confirmRemovals: true })).trashed).toHaveLength(90)
    expect(await b.sync()).toMatchObject({ trashed: [], removalsToConfirm: 0 })
    expect(await leftOver(b)).toEqual([])
    expect(memory.namespaces.size).toBe(1)
  })

  propertyTest.prop(
    [
      fc.array(fc.tuple(fc.nat(2), fc.constantFrom('put', 'delete', 'sync', 'restart', 'elsewhere'), fc.nat(3)), {
        maxLength: 40,
      }),
    ],
    { numRuns: 150 },
  )('comes to what a list of everything comes to', async (steps) => {
    const { memory, remote } = shared()
    const disks = [newMemory(), newMemory(), newMemory()]
    const devices = disks.map((disk) => device({ remote: remote(), store: memoryStore(disk), paused: true }))
    for (const [at, what, n] of steps) {
      const blobs = devices[at]
      const disk = disks[at]
      if (blobs === undefined || disk === undefined) continue
      const id = `blob-${n}`
      if (what === 'put') await blobs.put(text(`${at} ${n}`), { id }).catch(() => {})
      else if (what === 'delete') await blobs.delete(id).catch(() => {})
      else if (what === 'sync') {
        blobs.resume()
        await blobs.sync({ wait: false })
        blobs.pause()
      } else if (what === 'restart') {
        await blobs.close()
        devices[at] = device({ remote: remote(), store: memoryStore(disk), paused: true })
      } else await deleteElsewhere(memory, id)
    }
    for (const blobs of devices) blobs.resume()
    for (let round = 0; round < 4; round += 1) for (const blobs of devices) await blobs.sync({ wait: false })
    for (const blobs of devices) expect(await leftOver(blobs)).toEqual([])
    for (const blobs of devices) await blobs.close()
  })
})

/** Somebody else deletes it. */
const deleteElsewhere = async (memory: RemoteMemory, id: string) => {
  const key = blobKey(id)
  if (key._tag === 'Right') await TE.orElse(() => TE.right<never, void>(undefined))(memoryRemote({ memory }).delete(key.right))()
}

describe('verify', () => {
  const pair = async () => {
    const { memory, remote } = shared()
    const a = device({ remote: remote() })
    const b = device({ remote: remote() })
    for (let n = 0; n < 40; n += 1) await a.put(text(`blob ${n}`), { id: `b${n}` })
    await a.sync()
    await b.sync()
    const place = [...memory.namespaces.values()][0]
    if (place === undefined) throw new TypeError('nothing was uploaded')
    return { a, b, place, remote }
  }

  test('says that both sides are equal, by one digest', async () => {
    const { b } = await pair()
    expect(await b.verify()).toEqual({ isEqual: true, notThere: [], notHere: [], different: [] })
  })

  test('finds what the remote lost, what it changed and what nobody told of; a whole sync puts it right', async () => {
    const { a, b, place } = await pair()
    const [lost, changed] = [...place.blobs.keys()]
    if (lost === undefined || changed === undefined) throw new TypeError('nothing is there')
    place.blobs.delete(lost)
    Map.prototype.set.call(
      place.blobs,
      changed,
      (place.blobs.get(changed) ?? new Uint8Array(16)).map((byte) => byte ^ 1),
    )
    Map.prototype.set.call(place.blobs, 'unheard' as typeof lost, new Uint8Array(100))
    expect(await b.verify()).toEqual({
      isEqual: false,
      notThere: [{ namespace: 'default', id: lost }],
      notHere: [{ namespace: 'default', id: 'unheard' }],
      different: [{ namespace: 'default', id: changed }],
    })
    await a.sync({ whole: true, wait: false })
    await a.sync({ whole: true, wait: false })
    expect((await a.verify()).notThere).toEqual([])
    expect(place.blobs.has(lost)).toBe(true)
  })

  test('compares a list where the remote has no digests', async () => {
    const memory = remoteMemory()
    const remote = memoryRemote({ memory, powers: { changes: false }, listsTags: false })
    const a = device({ remote })
    for (const id of ['a', 'b']) await a.put(text(id), { id })
    await a.sync()
    expect((await a.verify()).isEqual).toBe(true)
    const place = [...memory.namespaces.values()][0]
    place?.blobs.delete([...place.blobs.keys()][0]!)
    expect(await a.verify()).toMatchObject({ isEqual: false, notThere: [{ id: 'a' }] })
  })

  test('does not take what is on its way for a difference', async () => {
    const { a, b } = await pair()
    b.pause()
    await b.put(text('new'), { id: 'new' })
    await b.delete('b1')
    await a.put(text('other'), { id: 'other' })
    await a.sync()
    expect((await b.verify()).isEqual).toBe(true)
  })
  test.each(['before', 'after'])('does not take what it uploads just %s the remote answers for a difference', async (when) => {
    const { remote } = shared()
    const plain = remote()
    const { changes } = plain
    if (changes === undefined) throw new TypeError('no changes')
    const uploads = ['late']
    const upload = async () => {
      const id = uploads.shift()
      if (id === undefined) return
      await blobs.put(text(id), { id })
      await blobs.sync()
    }
    const digest: typeof changes.digest =
      (...asked) =>
      async () => {
        if (when === 'before') await upload()
        const answer = await changes.digest(...asked)()
        if (when === 'after') await upload()
        return answer
      }
    const blobs = device({ remote: { ...plain, changes: { ...changes, digest } } })
    expect(await blobs.verify()).toEqual({ isEqual: true, notThere: [], notHere: [], different: [] })
    expect(uploads).toEqual([])
  })
})
