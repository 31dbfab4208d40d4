import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Roster } from '../../machines'
import { failure, serverError, type Failure } from '../../src/model/failure'
import { BlobId, blobKey } from '../../src/model/ids'
import type { BlobSync } from '../../src/options'
import { nextTurn, settled } from '../virtual-clock'
import {
  bring,
  bytes,
  plainCipher,
  quotaExceeded,
  tooMany,
  unauthorized,
  unavailable,
  unreachable,
  world,
  type World,
} from './world'

const BLOBS = 4_000

const rosterOf = (blobs: BlobSync): Roster => blobs.actor.getSnapshot().context.roster
const liveOf = (blobs: BlobSync) => [...blobs.actor.getSnapshot().context.actors.keys()]
const statusOf = (blobs: BlobSync, id: string) => blobs.blob(id).getSnapshot().status
const puts = ({ calls }: World) => calls.filter(({ verb }) => verb === 'put').map(({ id }) => id)
const ids = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`)

const putAll = async (blobs: BlobSync, names: readonly string[], options = {}) => {
  for (const id of names) await blobs.put(bytes(id), { id, ...options })
}

/** Puts the blobs while offline, so that all are there when the first may go. */
const putOffline = async (made: World, blobs: BlobSync, names: readonly string[], options = {}) => {
  made.online(false)
  await putAll(blobs, names, options)
}

/** Something that a test holds back and lets go. */
const gate = () => {
  const open = { now: () => {} }
  const opened = new Promise<null>((resolve) => {
    open.now = () => resolve(null)
  })
  return { opened, open: () => open.now() }
}

const onRemote = (made: World, names: readonly string[]) => {
  const blobs = new Map<BlobId, Uint8Array<ArrayBuffer>>()
  for (const id of names) if (BlobId.is(id)) blobs.set(id, new Uint8Array(16))
  const key = blobKey('any')
  if (key._tag === 'Right')
    made.remoteMemory.namespaces.set(key.right.namespace, { blobs, tombstones: new Set(), flags: new Map() })
}

const expectEmpty = (made: World, blobs: BlobSync) => {
  expect(liveOf(blobs)).toEqual([])
  expect(rosterOf(blobs).live.size).toBe(0)
  expect(made.clock.pending()).toBe(0)
}

describe('a thousand blobs whose transfers fail at random', () => {
  const troubles: readonly (Failure | null)[] = [
    unreachable,
    serverError('Sick.', 500),
    unavailable(7_000),
    tooMany(3_000),
    null,
    null,
    null,
    null,
  ]

  test.prop([fc.array(fc.nat(), { minLength: 4096, maxLength: 4096 }), fc.integer({ min: 1, max: 8 })], {
    numRuns: 3,
    endOnFailure: true,
  })(
    'never hold more than their slots, never live in greater number than allowed, and all come through',
    async (dice, transfers) => {
      let roll = 0
      const seen = new Map<string, number>()
      const made = world(async ({ id }) => {
        const chance = dice[roll++ % dice.length] ?? 0
        for (let turn = 0; turn < chance % 3; turn += 1) await nextTurn()
        const attempt = (seen.get(id) ?? 0) + 1
        seen.set(id, attempt)
        return attempt > 5 ? null : (troubles[chance % troubles.length] ?? null)
      })
      const blobs = made.start({ transfers, storage: 3, liveActors: 20 })
      let mostLive = 0
      blobs.actor.subscribe(() => {
        mostLive = Math.max(mostLive, liveOf(blobs).length)
      })
      const names = ids('b', 1000)
      await putOffline(made, blobs, names)
      made.online(true)
      await bring(made, blobs.idle(), 30_000)
      expect(blobs.getSnapshot().counts.SYNCED).toBe(1000)
      expect(made.most.transfers).toBeLessThanOrEqual(transfers)
      expect(made.most.storage).toBeLessThanOrEqual(3)
      expect(made.most.reads).toBeLessThanOrEqual(3 + transfers)
      expect(mostLive).toBeLessThanOrEqual(20)
      expect(mostLive).toBeGreaterThan(transfers)
      expectEmpty(made, blobs)
      await blobs.close()
    },
    60_000,
  )

  test.prop([fc.infiniteStream(fc.nat())], { numRuns: 5, endOnFailure: true })(
    'never hold more than their slots whatever the app does meanwhile',
    async (dice) => {
      const next = (below: number) => Number(dice.next().value) % below
      const made = world(async () => {
        for (let turn = next(4); turn > 0; turn -= 1) await nextTurn()
        return troubles[next(troubles.length)] ?? null
      })
      const blobs = made.start({ transfers: 3, storage: 2, liveActors: 8 })
      const names = ids('b', 60)
      await putAll(blobs, names)
      for (let step = 0; step < 300; step += 1) {
        const id = names[next(names.length)] ?? ''
        const deeds: readonly (() => unknown)[] = [
          () => blobs.setPriority(id, next(2) === 0 ? 'urgent' : 'low').catch(() => {}),
          () => blobs.retry(id).catch(() => {}),
          () => blobs.retry(),
          () => blobs.pause(),
          () => blobs.resume(),
          () => made.online(next(2) === 0),
          () => (next(4) === 0 ? blobs.delete(id).catch(() => {}) : null),
          () => blobs.get(id).catch(() => {}),
          () => made.clock.advance(next(20_000)),
          () => settled(),
        ]
        const done = deeds[next(deeds.length)]?.()
        if (next(2) === 0) await Promise.race([done, settled()])
      }
      made.script = () => null
      blobs.resume()
      made.online(true)
      await bring(made, blobs.idle(), 30_000)
      expect(made.most.transfers).toBeLessThanOrEqual(3)
      expect(made.most.storage).toBeLessThanOrEqual(2)
      expect(made.most.reads).toBeLessThanOrEqual(2 + 3)
      const { SYNCED, PENDING_DELETE } = blobs.getSnapshot().counts
      expect(SYNCED + PENDING_DELETE).toBe(blobs.list().length)
      expectEmpty(made, blobs)
      await blobs.close()
    },
    60_000,
  )
})

describe('who goes next', () => {
  test('is the most pressing, then the one that waits longest', async () => {
    const first = gate()
    const made = world(({ id }) => (id === 'first' ? first.opened : null))
    const blobs = made.start({ transfers: 1 })
    await blobs.put(bytes('x'), { id: 'first' })
    await settled()
    for (const [id, priority] of [
      ['low', 'low'],
      ['a', 'medium'],
      ['urgent', 'urgent'],
      ['b', 'medium'],
      ['high', 'high'],
    ] as const) {
      await blobs.put(bytes(id), { id, priority })
    }
    first.open()
    await bring(made, blobs.idle(), 0)
    expect(puts(made)).toEqual(['first', 'urgent', 'high', 'a', 'b', 'low'])
    await blobs.close()
  })

  test('is an urgent blob that comes when all slots are taken, and one that is made urgent while it waits', async () => {
    const first = gate()
    const made = world(({ id }) => (id === 'm0' ? first.opened : null))
    const blobs = made.start({ transfers: 1, liveActors: 2 })
    await putAll(blobs, ids('m', 50))
    await settled()
    await blobs.put(bytes('u'), { id: 'urgent', priority: 'urgent' })
    await blobs.setPriority('m40', 'urgent')
    await blobs.setPriority('m3', 'high')
    await settled()
    expect(liveOf(blobs)).toHaveLength(2)
    first.open()
    await bring(made, blobs.idle(), 0)
    expect(puts(made).slice(0, 6)).toEqual(['m0', 'm40', 'urgent', 'm3', 'm1', 'm2'])
    expect(puts(made)).toHaveLength(51)
    expectEmpty(made, blobs)
    await blobs.close()
  })

  test('is never one that keeps failing while a good one waits', async () => {
    const made = world(({ id }) => (id.startsWith('bad') ? unreachable : null))
    const blobs = made.start()
    await putOffline(made, blobs, [...ids('bad', 200), ...ids('good', 20)])
    made.online(true)
    await made.clock.advance(0)
    expect(blobs.getSnapshot().counts).toMatchObject({ SYNCED: 20, PENDING_UPLOAD: 200 })
    await made.clock.advance(600_000)
    await blobs.put(bytes('late'), { id: 'late' })
    await made.clock.advance(0)
    expect(statusOf(blobs, 'late')).toBe('SYNCED')
    expect(liveOf(blobs).length).toBeLessThanOrEqual(64)
    await blobs.close()
    expect(made.clock.pending()).toBe(0)
  })
})

describe('a slot', () => {
  test('is free again when a blob crashes, which is told; the rest goes on, and a retry brings the blob back', async () => {
    const made = world()
    let isBuggy = true
    const cipher: typeof plainCipher = {
      ...plainCipher,
      encrypt: (key, seal, payload) => {
        if (isBuggy && key.id.startsWith('bug')) throw new TypeError('A bug.')
        return plainCipher.encrypt(key, seal, payload)
      },
    }
    const blobs = made.start({ transfers: 1, cipher })
    const crashed: unknown[] = []
    blobs.on('blob.crashed', ({ blob, error }) => crashed.push([blob.id, String(error)]))
    await putOffline(made, blobs, ['bug1', 'a', 'bug2', 'b'])
    made.online(true)
    await made.clock.advance(0)
    expect(crashed).toEqual([
      ['bug1', 'TypeError: A bug.'],
      ['bug2', 'TypeError: A bug.'],
    ])
    expect(['a', 'b', 'bug1'].map((id) => statusOf(blobs, id))).toEqual(['SYNCED', 'SYNCED', 'PENDING_UPLOAD'])
    expect(liveOf(blobs)).toEqual([])
    isBuggy = false
    await bring(made, blobs.retry('bug1'), 0)
    await made.clock.advance(0)
    expect(statusOf(blobs, 'bug1')).toBe('SYNCED')
    await blobs.close()
  })

  test('is not given twice because of a report that was sent before it was given', async () => {
    const never = gate()
    const made = world(() => never.opened)
    const blobs = made.start({ transfers: 1 })
    await putAll(blobs, ['a'])
    await settled()
    await putAll(blobs, ['b'], { priority: 'urgent' })
    await settled()
    const record = rosterOf(blobs).byText('default/a')
    blobs.actor.send({ type: 'blob.moved', record, phase: 'queued', turn: 0, failure: null })
    await settled()
    expect(puts(made)).toEqual(['a'])
    await blobs.close()
  })

  test('is free again when the blob that holds it is deleted', async () => {
    const never = gate()
    const made = world(({ id, verb }) => (id === 'a' && verb === 'put' ? never.opened : null))
    const blobs = made.start({ transfers: 1 })
    await putAll(blobs, ['a', 'b'])
    await settled()
    expect(puts(made)).toEqual(['a'])
    await bring(made, blobs.delete('a'), 0)
    await made.clock.advance(0)
    expect(statusOf(blobs, 'b')).toBe('SYNCED')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'PENDING_DELETE', phase: 'resting' })
    expectEmpty(made, blobs)
    await blobs.close()
  })
})

describe('a token that is refused', () => {
  test('is renewed once for all, and no attempt counts', async () => {
    const made = world(() => (made.refreshes === 0 ? unauthorized : null))
    const blobs = made.start()
    await putOffline(made, blobs, ids('b', 50))
    const attempts: number[] = []
    blobs.on('blob.changed', ({ attempt, phase }) => phase !== 'transferring' && attempts.push(attempt))
    made.online(true)
    await made.clock.advance(0)
    expect(made.refreshes).toBe(1)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(50)
    expect(Math.max(...attempts)).toBe(0)
    await blobs.close()
  })

  test('stops everything when there is no other, until the app resumes', async () => {
    let isGood = false
    const made = world(() => (isGood ? null : unauthorized))
    made.refresh = () => false
    const blobs = made.start()
    await putAll(blobs, ids('b', 10))
    await made.clock.advance(0)
    expect(blobs.getSnapshot().access).toBe('denied')
    const asked = made.calls.length
    await made.clock.advance(3_600_000)
    expect(made.calls).toHaveLength(asked)
    expect(made.clock.pending()).toBe(0)
    blobs.resume()
    await made.clock.advance(0)
    expect(blobs.getSnapshot().access).toBe('denied')
    isGood = true
    blobs.resume()
    await made.clock.advance(0)
    expect(blobs.getSnapshot()).toMatchObject({ access: 'granted', active: 0 })
    expect(made.refreshes).toBe(2)
    await blobs.close()
  })

  test('and comes back late from a transfer, after its successor was taken, denies nothing', async () => {
    const [late, busy] = [gate(), gate()]
    const made = world(async ({ id }) => {
      if (id === 'b' && made.refreshes < 2 && puts(made).filter((put) => put === 'b').length === 1) {
        await late.opened
        return unauthorized
      }
      if (made.refreshes === 0) return unauthorized
      await busy.opened
      return null
    })
    const blobs = made.start({ transfers: 2 })
    await putOffline(made, blobs, ['a', 'b'])
    made.online(true)
    await made.clock.advance(0)
    expect(puts(made)).toEqual(['a', 'b', 'a'])
    late.open()
    await made.clock.advance(0)
    expect(blobs.getSnapshot().access).toBe('granted')
    busy.open()
    await made.clock.advance(0)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(2)
    expect(made.refreshes).toBe(1)
    await blobs.close()
  })

  test('that came to an answer after its successor was taken denies nothing', async () => {
    const late = gate()
    const made = world(async ({ verb }) => {
      if (made.refreshes > 0) return null
      if (verb === 'list') await late.opened
      return unauthorized
    })
    const blobs = made.start()
    await putAll(blobs, ['a'])
    const round = blobs.sync()
    await made.clock.advance(0)
    expect(statusOf(blobs, 'a')).toBe('SYNCED')
    late.open()
    await bring(made, round)
    expect(blobs.getSnapshot().access).toBe('granted')
    expect(made.refreshes).toBe(1)
    await blobs.close()
  })
})

describe('a remote that asks for less', () => {
  test('with a full account gets one upload each minute, and downloads go on', async () => {
    let isFull = true
    const made = world(({ verb }) => (verb === 'put' && isFull ? quotaExceeded : null))
    onRemote(made, ids('down', 100))
    const blobs = made.start({ liveActors: 10 })
    await putOffline(made, blobs, ids('up', 30))
    made.online(true)
    await made.clock.advance(0)
    const before = puts(made).length
    expect(before).toBeLessThanOrEqual(6)
    void blobs.sync().catch(() => {})
    await made.clock.advance(1_000)
    expect(blobs.getSnapshot()).toMatchObject({ quota: 'exhausted', counts: { SYNCED: 100, PENDING_UPLOAD: 30 } })
    expect(puts(made)).toHaveLength(before)
    await made.clock.advance(60_000)
    expect(puts(made)).toHaveLength(before + 1)
    await made.clock.advance(60_000)
    expect(puts(made)).toHaveLength(before + 2)
    isFull = false
    made.most.uploads = 0
    blobs.resume()
    await made.clock.advance(0)
    expect(blobs.getSnapshot()).toMatchObject({ quota: 'available', counts: { SYNCED: 130 } })
    expectEmpty(made, blobs)
    await blobs.close()
  })

  test('gets nothing for as long as a 429 says, also when a later one says less', async () => {
    const answers = [tooMany(30_000), tooMany(1_000)]
    const made = world(() => answers.shift() ?? null)
    const blobs = made.start({ transfers: 2 })
    await putAll(blobs, ids('b', 10))
    await made.clock.advance(29_999)
    expect(puts(made)).toHaveLength(2)
    await made.clock.advance(1)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(10)
    await blobs.close()
  })

  test('with a 503 is left alone by that blob only', async () => {
    const made = world(({ id, atMs }) => (id === 'b0' && atMs < 1_030_000 ? unavailable(30_000) : null))
    const blobs = made.start()
    await putAll(blobs, ids('b', 10))
    await made.clock.advance(0)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(9)
    await made.clock.advance(29_999)
    expect(statusOf(blobs, 'b0')).toBe('PENDING_UPLOAD')
    await made.clock.advance(1)
    expect(statusOf(blobs, 'b0')).toBe('SYNCED')
    await blobs.close()
  })
})

describe('offline', () => {
  test('no timer runs, not even for an observed blob; back online the due ones go first', async () => {
    let isSick = true
    const made = world(() => (isSick ? unreachable : null))
    const blobs = made.start({ transfers: 1 })
    await blobs.put(bytes('x'), { id: 'late' })
    await made.clock.advance(12_000)
    await blobs.put(bytes('x'), { id: 'soon' })
    await made.clock.advance(0)
    const stop = blobs.blob('late').subscribe(() => {})
    expect(made.clock.pending()).toBeGreaterThan(0)
    made.online(false)
    await settled()
    expect(made.clock.pending()).toBe(0)
    await blobs.put(bytes('x'), { id: 'new' })
    await made.clock.advance(3_600_000)
    expect(puts(made)).toEqual(['late', 'late', 'soon'])
    isSick = false
    made.online(true)
    await made.clock.advance(0)
    expect(puts(made).slice(3)).toEqual(['soon', 'late', 'new'])
    stop()
    await settled()
    expectEmpty(made, blobs)
    await blobs.close()
  })

  test('a transfer that fails then waits without a timer', async () => {
    const cut = gate()
    const made = world(async () => (await cut.opened, unreachable))
    const blobs = made.start()
    await blobs.put(bytes('x'), { id: 'x' })
    await settled()
    made.online(false)
    cut.open()
    await settled()
    expect(blobs.blob('x').getSnapshot()).toMatchObject({ attempt: 1, phase: 'backingOff' })
    expect(made.clock.pending()).toBe(0)
    await blobs.close()
  })
})

describe('pause', () => {
  test('calls transfers off, and resume goes on without having counted an attempt', async () => {
    const held = gate()
    const made = world(() => (made.calls.length <= 6 ? held.opened : null))
    const blobs = made.start()
    await putAll(blobs, ids('b', 20))
    await settled()
    expect(made.calls).toHaveLength(6)
    blobs.pause()
    await made.clock.advance(3_600_000)
    expect(made.calls).toHaveLength(6)
    expect(blobs.blob('b0').getSnapshot()).toMatchObject({ phase: 'queued', attempt: 0, lastFailure: null })
    blobs.resume()
    await made.clock.advance(0)
    expect(blobs.getSnapshot().counts.SYNCED).toBe(20)
    expectEmpty(made, blobs)
    await blobs.close()
  })
})

describe('a delete', () => {
  const cases: readonly (readonly [string, (made: World, blobs: BlobSync) => Promise<void>, 'DELETED' | 'PENDING_DELETE'])[] = [
    ['localOnly', async (_, blobs) => void (await blobs.put(bytes('x'), { id: 'x', localOnly: true })), 'DELETED'],
    ['never sent, while paused', async (_, blobs) => (blobs.pause(), void (await blobs.put(bytes('x'), { id: 'x' }))), 'DELETED'],
    ['queued offline', async (made, blobs) => putOffline(made, blobs, ['x']), 'PENDING_DELETE'],
    [
      'transferring',
      async (made, blobs) => ((made.script = ({ verb }) => (verb === 'put' ? gate().opened : null)), putAll(blobs, ['x'])),
      'PENDING_DELETE',
    ],
    [
      'backing off',
      async (made, blobs) => ((made.script = ({ verb }) => (verb === 'put' ? unreachable : null)), putAll(blobs, ['x'])),
      'PENDING_DELETE',
    ],
    [
      'held as forbidden',
      async (made, blobs) => (
        (made.script = ({ verb }) => (verb === 'put' ? failure('Forbidden', 'No.') : null)),
        putAll(blobs, ['x'])
      ),
      'PENDING_DELETE',
    ],
    ['synced', async (_, blobs) => putAll(blobs, ['x']), 'PENDING_DELETE'],
    [
      'failed',
      async (made, blobs) => {
        onRemote(made, ['x'])
        made.script = ({ verb }) => (verb === 'get' ? failure('Tampered', 'Wrong tag.') : null)
        await bring(made, blobs.sync())
        expect(statusOf(blobs, 'x')).toBe('FAILED_DOWNLOAD')
      },
      'PENDING_DELETE',
    ],
  ]

  for (const [state, bringThere, end] of cases) {
    test(`of a blob that is ${state} ends, twice told or once, and leaves nothing running`, async () => {
      const made = world()
      const blobs = made.start()
      await bringThere(made, blobs)
      await settled()
      await bring(made, Promise.all([blobs.delete('x'), blobs.delete('x')]), 0)
      expect(statusOf(blobs, 'x')).toBe(end)
      await expect(blobs.get('x')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
      blobs.resume()
      made.online(true)
      await made.clock.advance(120_000)
      expect(made.calls.filter(({ verb }) => verb === 'delete')).toHaveLength(end === 'DELETED' ? 0 : 1)
      await bring(made, blobs.sync())
      expect(blobs.list()).toEqual([])
      expect(made.memory.records.size + made.memory.payloads.size).toBe(0)
      expectEmpty(made, blobs)
      await blobs.close()
    })
  }

  test('and going offline at once still write the mark', async () => {
    const made = world()
    const blobs = made.start()
    await putAll(blobs, ['x'])
    await settled()
    const deleted = blobs.delete('x')
    await Promise.resolve()
    made.online(false)
    await bring(made, deleted, 0)
    expect(statusOf(blobs, 'x')).toBe('PENDING_DELETE')
    expectEmpty(made, blobs)
    await blobs.close()
  })
})

describe('an app that asks much of blobs at rest', () => {
  test('leaves no actor behind', async () => {
    const made = world()
    const blobs = made.start()
    await putAll(blobs, ['x', 'y'])
    await settled()
    await blobs.setPriority('x', 'urgent')
    await blobs.retry('y')
    blobs.blob('x').subscribe(() => {})()
    const stop = blobs.blob('nothing').subscribe(() => {})
    await settled()
    expectEmpty(made, blobs)
    expect(blobs.blob('x').getSnapshot().priority).toBe('urgent')
    stop()
    await blobs.close()
  })

  test('after thousands of puts there is no actor, no timer and nobody waiting', async () => {
    const made = world()
    const blobs = made.start()
    await putAll(blobs, ids('b', BLOBS))
    await bring(made, blobs.idle(), 0)
    expect(blobs.getSnapshot()).toMatchObject({ active: 0, counts: { SYNCED: BLOBS } })
    expect(rosterOf(blobs).nextReady()).toBeUndefined()
    expect(rosterOf(blobs).earliestDueMs()).toBeNull()
    expectEmpty(made, blobs)
    await blobs.close()
  }, 120_000)
})

describe('a bug in what lists', () => {
  test('is told, and the list is tried again', async () => {
    let isBuggy = true
    const made = world(() => {
      if (isBuggy) throw new TypeError('A bug.')
      return null
    })
    const blobs = made.start()
    const report = await bring(made, blobs.sync({ wait: false }), 0)
    expect(report.failure).toMatchObject({ _tag: 'Corrupt' })
    isBuggy = false
    await made.clock.advance(10_000)
    expect(blobs.getSnapshot()).toMatchObject({ reconciliation: 'idle', lastListFailure: null })
    await blobs.close()
  })
})
