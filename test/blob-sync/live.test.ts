import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createBlobSync, type BlobSync, type BlobSyncOptions, type Remote } from '../../src/index'
import { httpRemote } from '../../src/remote/http'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'
import { serving } from '../server/serving'
import { settled, virtualClock } from '../virtual-clock'
import { cipher, device, seen, text, watched } from './device'

const isHere = ({ isHere: here }: { readonly isHere: boolean }) => here

const living = (given: Partial<BlobSyncOptions>): BlobSync => {
  const blobs = createBlobSync({ store: memoryStore(), remote: memoryRemote(), cipher, ...given })
  onTestFinished(() => blobs.close())
  return blobs
}

describe('a live device', () => {
  test('takes in what another one puts and deletes, with one request open, and asks for nothing else while nothing changes', async () => {
    const { server, lines } = await serving()
    const open = () => living({ remote: httpRemote({ url: server.url, user: 'ann', token: 'secret' }) })
    const [a, b] = [open(), open()]
    await a.sync()
    await b.sync()
    const arrives = seen(b, 'one', isHere)
    await a.put(text('hello'), { id: 'one' })
    await arrives
    expect(await (await b.get('one')).text()).toBe('hello')
    const goes = seen(b, 'one', ({ status }) => status === 'DELETED')
    await a.delete('one')
    await goes
    await vi.waitUntil(() => a.blob('one').getSnapshot().status === 'DELETED')
    const asked = async () => {
      const before = lines.length
      await new Promise((resolve) => setTimeout(resolve, 400))
      return lines.slice(before)
    }
    await vi.waitUntil(async () => (await asked()).length === 0, { timeout: 10_000 })
    expect(await asked()).toEqual([])
    await a.close()
    await b.close()
    // Those that waited have been answered or have left, and nobody asks again.
    await vi.waitUntil(async () => (await asked()).length === 0)
  })

  test('of one user wakes nobody of another', async () => {
    const { server, lines } = await serving()
    const ann = living({ remote: httpRemote({ url: server.url, user: 'ann', token: 'secret' }) })
    const bob = living({ remote: httpRemote({ url: server.url, user: 'bob', token: 'other:secret' }) })
    await ann.sync()
    await bob.sync()
    const before = lines.filter((line) => line.includes('/ann/')).length
    await bob.put(text('mine'), { id: 'a' })
    await bob.idle()
    expect(lines.filter((line) => line.includes('/ann/')).length).toBe(before)
  })

  test('a server that closes keeps nobody waiting', async () => {
    const { server } = await serving({ stopMs: 60_000 })
    let isAsked = false
    const remote = httpRemote({
      url: server.url,
      user: 'ann',
      token: 'secret',
      fetch: (...call) => {
        if (String(call[0] instanceof Request ? call[0].url : call[0]).includes('wait=')) isAsked = true
        return fetch(...call)
      },
    })
    const a = living({ remote })
    await a.sync()
    await vi.waitUntil(() => isAsked)
    await server.close()
  })

  const pair = (given: Partial<BlobSyncOptions> = {}) => {
    const memory = remoteMemory()
    const clock = virtualClock()
    const inner = memoryRemote({ memory, clock, powers: { batches: false } })
    let waits = 0
    let begun = 0
    const remote: Remote = {
      ...inner,
      changes: {
        digest: (namespace, range, options) => inner.changes!.digest(namespace, range, options),
        read: (request) => async () => {
          if (request.waitMs !== undefined) begun += 1
          if (request.waitMs !== undefined) waits += 1
          const pages = await inner.changes!.read(request)()
          if (request.waitMs !== undefined) waits -= 1
          return pages
        },
      },
    }
    const heard = watched(remote)
    return {
      clock,
      waits: () => waits,
      begun: () => begun,
      calls: heard.calls,
      a: device({ remote: memoryRemote({ memory, powers: { batches: false } }), clock }),
      b: living({ remote: heard.remote, clock, ...given }),
    }
  }

  test('does not look before it was told to once, nor while it is paused, nor when that is switched off', async () => {
    const { b, waits, clock } = pair()
    await b.ready
    await settled()
    expect(waits()).toBe(0)
    await b.sync()
    await clock.advance(300)
    expect(waits()).toBe(1)
    b.pause()
    await settled()
    expect(waits()).toBe(0)
    b.resume()
    await settled()
    expect(waits()).toBe(1)
    await b.close()
    await settled()
    expect(waits()).toBe(0)
    const off = pair({ live: false })
    await off.b.sync()
    await off.clock.advance(300_000)
    expect(off.waits()).toBe(0)
  })

  test('rests while it is hidden or offline, and catches up when it is back', async () => {
    const listeners = new Set<() => void>()
    const state = { visibilityState: 'visible' }
    const add = (name: string, listener: () => void) => name === 'visibilitychange' && listeners.add(listener)
    vi.stubGlobal('document', state)
    vi.stubGlobal('addEventListener', add)
    onTestFinished(() => void vi.unstubAllGlobals())
    let tell = (_isOnline: boolean) => {}
    const connectivity = {
      isOnline: () => true,
      subscribe: (listener: (isOnline: boolean) => void) => {
        tell = listener
        return () => {}
      },
    }
    const { a, b, waits, clock } = pair({ connectivity })
    await b.sync()
    await clock.advance(300)
    const show = (is: string) => {
      state.visibilityState = is
      for (const listener of listeners) listener()
    }
    for (const [leave, come, id] of [
      [() => show('hidden'), () => show('visible'), 'one'],
      [() => tell(false), () => tell(true), 'two'],
    ] as const) {
      expect(waits()).toBe(1)
      leave()
      await settled()
      expect(waits()).toBe(0)
      await a.put(text(id), { id })
      await a.sync()
      expect(b.list().map((view) => view.id)).not.toContain(id)
      const arrives = seen(b, id, isHere)
      come()
      await arrives
      await clock.advance(300)
    }
  })

  test('waits again and again while nothing changes, and pauses where the remote lets nobody wait', async () => {
    const { b, clock, waits, calls } = pair()
    await b.sync()
    await clock.advance(10 * 60_000)
    expect(waits()).toBe(1)
    expect(calls).toEqual(['list default'])
    let asked = 0
    const quick = memoryRemote()
    const remote: Remote = {
      ...quick,
      changes: {
        ...quick.changes!,
        read: ({ waitMs, ...request }) => {
          if (waitMs !== undefined) asked += 1
          return quick.changes!.read(request)
        },
      },
    }
    const other = virtualClock()
    const c = living({ remote, clock: other })
    await c.sync()
    await other.advance(60 * 60_000)
    expect(asked).toBeGreaterThan(10)
    expect(asked).toBeLessThan(70)
  })

  test('lists now and then where there is no feed, less and less often while nothing is new', async () => {
    const memory = remoteMemory()
    const clock = virtualClock()
    const { remote, calls } = watched(memoryRemote({ memory, powers: { changes: false } }))
    const b = living({ remote, clock, pollMs: 1_000 })
    await b.sync()
    await clock.advance(61_000)
    const lists = calls.length
    expect(lists).toBeGreaterThan(4)
    expect(lists).toBeLessThan(10)
    const a = device({ remote: memoryRemote({ memory }), clock })
    await a.put(text('one'), { id: 'one' })
    await a.sync()
    await clock.advance(16_000)
    expect(b.blob('one').getSnapshot()).toMatchObject({ isHere: true })
  })

  test('does not ask over and over for what the app has to agree to', async () => {
    const { a, b, clock, waits, begun } = pair()
    const ids = Array.from({ length: 120 }, (_, n) => `b${n}`)
    for (const id of ids) await a.put(text(id), { id })
    await a.sync()
    await b.sync()
    await clock.advance(300)
    b.pause()
    for (const id of ids) await a.delete(id)
    await a.sync()
    b.resume()
    await clock.advance(60_000)
    expect(waits()).toBe(0)
    expect(begun()).toBe(2)
    expect(b.list()).toHaveLength(120)
    expect(await b.sync({ confirmRemovals: true })).toMatchObject({ removalsToConfirm: 0 })
    await clock.advance(300)
    expect(b.list()).toEqual([])
    expect(waits()).toBe(1)
  })
})
