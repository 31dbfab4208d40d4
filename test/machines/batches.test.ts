import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { serverError } from '../../src/model/failure'
import type { BlobSync } from '../../src/options'
import { namespaceIn } from '../../src/remote/memory-content'
import { keyOf } from '../store/steps'
import { nextTurn, settled } from '../virtual-clock'
import { bring, bytes, quotaExceeded, unreachable, world, type Call, type Script, type World } from './world'

// Of 64 that live, four travel alone.
const BATCH_MAX = 30

const ids = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`)
const statusOf = (blobs: BlobSync, id: string) => blobs.blob(id).getSnapshot().status
const sizeOf = ({ id }: Call) => id.split(' ').length
const transfersOf = ({ calls }: World) => calls.filter(({ verb }) => verb !== 'list')
const batchesOf = ({ calls }: World, verb: Call['verb']) => calls.filter((call) => call.verb === verb)

/** A remote that takes batches. */
const batching = (script?: Script) => {
  const made = world(script)
  made.offersBatches = true
  return made
}

/** Puts while offline, so that all are there when the first may go. */
const putOffline = async (made: World, blobs: BlobSync, names: readonly string[], content = bytes, options = {}) => {
  made.online(false)
  for (const id of names) await blobs.put(content(id), { id, ...options })
}

const remoteHolds = (made: World, id: string, content: Uint8Array<ArrayBuffer>) => {
  const key = keyOf(id)
  namespaceIn(made.remoteMemory, key.namespace).blobs.set(key.id, content)
}

describe('small blobs', () => {
  test('travel many to a request in both directions, and arrive as they were', async () => {
    const made = batching()
    const a = made.start()
    const names = ids('b', 300)
    await putOffline(made, a, names)
    made.online(true)
    await bring(made, a.idle(), 0)
    expect(a.getSnapshot().counts.SYNCED).toBe(300)
    // The first ones go alone, while the remote is asked for its powers.
    expect(transfersOf(made).length).toBeLessThan(6 + 300 / 10)
    expect(Math.max(...batchesOf(made, 'put batch').map(sizeOf))).toBe(BATCH_MAX)
    await a.close()

    made.memory.records.clear()
    made.memory.payloads.clear()
    made.calls.length = 0
    const b = made.start()
    await bring(made, b.sync(), 0)
    expect(b.getSnapshot().counts.SYNCED).toBe(300)
    expect(transfersOf(made).length).toBeLessThan(6 + 300 / 10)
    for (const id of names) expect(await (await b.get(id)).text()).toBe(id)
    await b.close()
  })

  test('travel alone to a remote that does not offer batches', async () => {
    const made = world()
    const blobs = made.start()
    await putOffline(made, blobs, ids('b', 50))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    expect(new Set(made.calls.map(({ verb }) => verb))).toEqual(new Set(['put']))
    expect(made.calls).toHaveLength(50)
    await blobs.close()
  })

  test('travel alone while the remote cannot say what it can do, which it is asked once a minute', async () => {
    const made = batching()
    const asked: number[] = []
    const blobs = made.start()
    made.cannotSay = () => void asked.push(made.clock.now())
    await putOffline(made, blobs, ids('a', 30))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    expect(asked).toHaveLength(1)
    await made.clock.advance(60_000)
    made.cannotSay = null
    await putOffline(made, blobs, ids('b', 60))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    expect(batchesOf(made, 'put batch').length).toBeGreaterThan(0)
    await blobs.close()
  })

  test('each have an answer of their own when one of a batch is taken', async () => {
    const made = batching()
    for (const id of ['b10', 'b31']) remoteHolds(made, id, bytes('something else'))
    const blobs = made.start()
    await putOffline(made, blobs, ids('b', 60))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    expect(blobs.getSnapshot().counts).toMatchObject({ SYNCED: 58, PENDING_UPLOAD: 2 })
    for (const id of ['b10', 'b31']) expect(blobs.blob(id).getSnapshot().held).toBe('conflict')
    // Nobody is sent again for the sake of these.
    for (const id of ids('b', 60))
      expect(transfersOf(made).filter((call) => call.verb !== 'get' && call.id.split(' ').includes(id))).toHaveLength(1)
    await blobs.close()
  })

  test('that are gone from the remote leave the others of their batch alone', async () => {
    const made = batching()
    for (const id of ids('b', 60)) remoteHolds(made, id, bytes(id))
    const blobs = made.start()
    made.script = ({ verb }) => {
      // What was listed is gone when it is fetched.
      if (verb === 'get batch') namespaceIn(made.remoteMemory, keyOf('any').namespace).blobs.delete(keyOf('b40').id)
      return null
    }
    await bring(made, blobs.sync({ wait: false }), 0)
    expect(blobs.getSnapshot().counts).toMatchObject({ SYNCED: 59 })
    for (const id of ids('b', 60)) expect(transfersOf(made).filter((call) => call.id.split(' ').includes(id))).toHaveLength(1)
    await blobs.close()
  })

  test('each have an answer of their own when a batch does not fit and its parts do', async () => {
    const made = batching(({ verb, id }) => {
      if (verb === 'put batch') return quotaExceeded
      return verb === 'put' && id === 'b40' ? quotaExceeded : null
    })
    const blobs = made.start()
    await putOffline(made, blobs, ids('b', 41))
    made.online(true)
    await made.clock.advance(0)
    expect(blobs.getSnapshot()).toMatchObject({ quota: 'exhausted', counts: { SYNCED: 40, PENDING_UPLOAD: 1 } })
    await blobs.close()
  })

  test('go on one by one, each after its own wait, when the line was cut', async () => {
    let isCut = false
    const made = batching(() => (isCut ? unreachable : null))
    const blobs = made.start()
    await putOffline(made, blobs, ids('first', 10))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    made.calls.length = 0
    await putOffline(made, blobs, ids('b', 30))
    isCut = true
    made.online(true)
    await made.clock.advance(0)
    expect(batchesOf(made, 'put batch').length).toBeGreaterThan(0)
    expect(blobs.blob('b0').getSnapshot()).toMatchObject({ phase: 'backingOff', attempt: 1 })
    isCut = false
    made.calls.length = 0
    await made.clock.advance(9_999)
    expect(transfersOf(made)).toEqual([])
    await made.clock.advance(1)
    await bring(made, blobs.idle(), 0)
    // They may be there: the remote is told by each alone.
    expect(batchesOf(made, 'put batch')).toEqual([])
    expect(batchesOf(made, 'put')).toHaveLength(30)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(40)
    await blobs.close()
  })

  test('that the app waits for are fetched alone and at once', async () => {
    const made = batching(({ verb }) => (verb === 'get batch' ? new Promise<null>(() => {}) : null))
    for (const id of ids('b', 100)) remoteHolds(made, id, bytes(id))
    const blobs = made.start()
    void blobs.sync().catch(() => {})
    await made.clock.advance(0)
    expect(batchesOf(made, 'get batch').length).toBeGreaterThan(0)
    expect(statusOf(blobs, 'b99')).toBe('PENDING_DOWNLOAD')
    expect(await (await blobs.get('b99')).text()).toBe('b99')
    await blobs.close()
  })

  test('that are urgent go past batches of low ones that do not come through', async () => {
    const made = batching(({ verb }) => (verb === 'put batch' ? new Promise<null>(() => {}) : null))
    const blobs = made.start()
    await putOffline(made, blobs, ids('first', 4))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    await putOffline(made, blobs, ids('low', 200), bytes, { priority: 'low' })
    made.online(true)
    await made.clock.advance(0)
    expect(batchesOf(made, 'put batch').length).toBe(2)
    await blobs.put(bytes('now'), { id: 'now', priority: 'urgent' })
    await made.clock.advance(0)
    expect(statusOf(blobs, 'now')).toBe('SYNCED')
    expect(statusOf(blobs, 'low199')).toBe('PENDING_UPLOAD')
    await blobs.close()
  })

  test('leave a batch one by one: a delete calls its own off, the others arrive', async () => {
    const held = { open: () => {} }
    const opened = new Promise<null>((resolve) => {
      held.open = () => resolve(null)
    })
    const made = batching(({ verb }) => (verb === 'put batch' ? opened : null))
    const blobs = made.start()
    await putOffline(made, blobs, ids('b', 40))
    made.online(true)
    await made.clock.advance(0)
    const [batch] = batchesOf(made, 'put batch')
    const [victim = '', ...others] = batch?.id.split(' ') ?? []
    expect(others.length).toBeGreaterThan(5)
    await bring(made, blobs.delete(victim), 0)
    held.open()
    await bring(made, blobs.idle(), 0)
    for (const id of others) expect(statusOf(blobs, id)).toBe('SYNCED')
    expect(statusOf(blobs, victim)).toBe('PENDING_DELETE')
    await bring(made, blobs.sync(), 0)
    await bring(made, blobs.sync(), 0)
    expect(made.remoteMemory.namespaces.get(keyOf('any').namespace)?.blobs.size).toBe(39)
    await blobs.close()
  })
})

describe('large blobs', () => {
  const large = (id: string) => bytes(id.padEnd(100_000, '.'))

  test('are not kept waiting by any number of small ones', async () => {
    const held = new Promise<null>(() => {})
    const made = batching(({ verb, id }) => (verb === 'put batch' && id.includes('s') ? held : null))
    const blobs = made.start({ transfers: 3 })
    await putOffline(made, blobs, ids('first', 4))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    await putOffline(made, blobs, ids('s', 200), bytes, { priority: 'high' })
    await putOffline(made, blobs, ids('large', 5), large, { priority: 'low' })
    made.online(true)
    await made.clock.advance(0)
    for (const id of ids('large', 5)) expect(statusOf(blobs, id)).toBe('SYNCED')
    expect(statusOf(blobs, 's199')).toBe('PENDING_UPLOAD')
    await blobs.close()
  })

  test('find no slot that a batch of few blobs holds', async () => {
    const held = new Promise<null>(() => {})
    let holds = false
    const made = batching(() => (holds ? held : null))
    const blobs = made.start()
    await putOffline(made, blobs, ids('first', 4))
    made.online(true)
    await bring(made, blobs.idle(), 0)
    holds = true
    for (const namespace of ['default', 'other']) await putOffline(made, blobs, ids(namespace, 3), bytes, { namespace })
    await putOffline(made, blobs, ids('large', 10), large)
    made.online(true)
    await made.clock.advance(0)
    expect(made.most.transfers).toBe(6)
    await blobs.close()
  })

  test('and small ones together never hold more requests than slots, and all come through', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.infiniteStream(fc.nat()), async (transfers, dice) => {
        const next = (below: number) => Number(dice.next().value) % below
        let failures = 0
        const made = batching(async () => {
          for (let turn = next(4); turn > 0; turn -= 1) await nextTurn()
          const trouble = [unreachable, serverError('Sick.', 500), serverError('Odd.', 400), null, null, null][next(6)] ?? null
          if (trouble !== null) failures += 1
          return failures > 60 ? null : trouble
        })
        const blobs = made.start({ transfers, liveActors: 20 + next(60) })
        await putOffline(made, blobs, ids('s', 150))
        await putOffline(made, blobs, ids('large', 10), large)
        made.online(true)
        for (const id of ids('late', 60)) {
          await blobs.put(next(4) === 0 ? large(id) : bytes(id), { id, namespace: next(2) === 0 ? 'default' : 'other' })
          if (next(9) === 0) await made.clock.advance(1)
        }
        await bring(made, blobs.idle(), 30_000)
        expect(blobs.getSnapshot().counts.SYNCED).toBe(220)
        expect(made.most.transfers).toBeLessThanOrEqual(transfers)
        await settled()
        expect(made.clock.pending()).toBe(0)
        await blobs.close()
      }),
      { numRuns: 12, endOnFailure: true },
    )
  }, 60_000)
})
