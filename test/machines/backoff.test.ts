import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { backoffMs, defaultDelaysMs, type BackoffPlan } from '../../machines'
import type { BlobSyncOptions } from '../../src/options'
import { bring, bytes, unavailable, unreachable, world, type World } from './world'

const plan = { delaysMs: defaultDelaysMs, jitter: 0 }

describe('the wait after an attempt', () => {
  test('is 10, 20, 30, 40, 50, 60, 60, 60 seconds', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoffMs(plan, attempt, 0.9, 0) / 1000)
    expect(waits).toEqual([10, 20, 30, 40, 50, 60, 60, 60])
  })

  const plans: fc.Arbitrary<BackoffPlan> = fc.record({
    delaysMs: fc.array(fc.integer({ min: 0, max: 1e7 }), { minLength: 1, maxLength: 10 }),
    jitter: fc.double({ min: 0, max: 2, noNaN: true }),
  })
  const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  test.prop([plans, fc.integer({ min: 1, max: 1e6 }), roll, fc.integer({ min: 0, max: 1e8 })])(
    'is never shorter than its plan or a Retry-After, and longer by the jitter at most',
    (given, attempt, chance, atLeastMs) => {
      const planned = given.delaysMs[Math.min(attempt, given.delaysMs.length) - 1] ?? 0
      const waitMs = backoffMs(given, attempt, chance, atLeastMs)
      expect(waitMs).toBeGreaterThanOrEqual(Math.max(planned, atLeastMs))
      expect(waitMs).toBeLessThanOrEqual(Math.max(planned * (1 + given.jitter), atLeastMs))
    },
  )

  test('is one that a timer can hold, whatever the remote asks for', () => {
    expect(backoffMs(plan, 1, 0, Number.MAX_SAFE_INTEGER)).toBe(2 ** 31 - 1)
  })
})

const puts = ({ calls }: World) => calls.filter(({ verb }) => verb === 'put').map(({ atMs }) => atMs)
const gaps = (times: readonly number[]) => times.slice(1).map((atMs, at) => (atMs - (times[at] ?? 0)) / 1000)

const failing = async (made: World, ms: number, options: Partial<BlobSyncOptions> = {}) => {
  const blobs = made.start(options)
  await blobs.put(bytes('x'), { id: 'x' })
  await made.clock.advance(ms)
  return blobs
}

describe('attempts at a blob whose remote cannot be reached', () => {
  test('are exactly 10, 20, 30, 40, 50, 60, 60, 60 seconds apart', async () => {
    const made = world(() => unreachable)
    const blobs = await failing(made, 330_000)
    expect(gaps(puts(made))).toEqual([10, 20, 30, 40, 50, 60, 60, 60])
    expect(blobs.blob('x').getSnapshot()).toMatchObject({ attempt: 9, status: 'PENDING_UPLOAD', phase: 'backingOff' })
    await blobs.close()
  })

  test('keep their times across a restart, also when it comes after the due time', async () => {
    const made = world(() => unreachable)
    const first = await failing(made, 35_000)
    await first.close()
    expect(made.clock.pending()).toBe(0)
    const second = made.start()
    await made.clock.advance(25_000 + 40_000 + 10_000)
    expect(gaps(puts(made))).toEqual([10, 20, 30, 40])
    await second.close()
    await made.clock.advance(100_000)
    const third = made.start()
    await made.clock.advance(60_000)
    expect(gaps(puts(made))).toEqual([10, 20, 30, 40, 110, 60])
    await third.close()
  })

  test('keep their times when the blob waits outside the window', async () => {
    const made = world(({ id }) => (id === 'x' ? unreachable : null))
    const blobs = await failing(made, 5_000, { liveActors: 1 })
    await bring(made, blobs.put(bytes('y'), { id: 'y' }), 0)
    await made.clock.advance(0)
    expect(blobs.blob('y').getSnapshot().status).toBe('SYNCED')
    expect(Object.keys(blobs.actor.getSnapshot().children)).toEqual([])
    expect(blobs.actor.getSnapshot().context.actors.size).toBe(0)
    await made.clock.advance(50_000)
    expect(gaps(made.calls.filter(({ id }) => id === 'x').map(({ atMs }) => atMs))).toEqual([10, 20])
    await blobs.close()
  })

  test('never undercut a Retry-After', async () => {
    const made = world(() => unavailable(25_000))
    const blobs = await failing(made, 120_000)
    expect(gaps(puts(made))).toEqual([25, 25, 30, 40])
    await blobs.close()
  })

  test('follow another schedule, with jitter by a known roll', async () => {
    const made = world(() => unreachable)
    const blobs = await failing(made, 24_000, { backoff: { delaysMs: [1_000, 2_000, 4_000], jitter: 0.5 }, random: () => 0.5 })
    expect(gaps(puts(made))).toEqual([1.25, 2.5, 5, 5, 5, 5])
    await blobs.close()
  })

  test('begin at once when the app asks for it', async () => {
    const made = world(() => unreachable)
    const blobs = await failing(made, 12_000)
    await bring(made, blobs.retry('x'), 0)
    await made.clock.advance(0)
    expect(gaps(puts(made))).toEqual([10, 2])
    await made.clock.advance(30_000)
    expect(gaps(puts(made))).toEqual([10, 2, 30])
    await blobs.close()
  })
})
