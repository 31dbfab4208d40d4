import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Pace, type Begun } from '../../machines'
import { failure, throttled, type Failure } from '../../src/model/failure'
import { bring, bytes, tooMany, unavailable, unreachable, world } from './world'

const refused = throttled('Too many.', null, true)
const silence = failure('Unreachable', 'No byte came.')

/** Attempts that begin together and end one after the other, each so much later. */
const round = (pace: Pace, atMs: number, { bytes: moved = 1000, ms = 100, failure: reason = null as Failure | null } = {}) => {
  const begun = Array.from({ length: pace.slots }, () => pace.begin(atMs))
  begun.forEach((each) => pace.end(each, { bytes: moved, failure: reason, share: 1, atMs: atMs + ms }))
  return atMs + ms
}

describe('how many transfers there are at once', () => {
  test('halves when the remote asks for less, once for all that were under way, and grows by one with each round', () => {
    const pace = new Pace(8)
    let now = round(pace, 0, { failure: refused })
    expect([pace.slots, pace.reason]).toEqual([4, 'throttled'])
    now = round(pace, now, { failure: refused })
    expect(pace.slots).toBe(2)
    for (const slots of [3, 4, 5, 6, 7, 8]) {
      now = round(pace, now)
      expect([pace.slots, pace.reason]).toEqual([slots, 'throttled'])
    }
    round(pace, now)
    expect([pace.slots, pace.reason]).toEqual([8, null])
  })

  test('halves where nothing moves, and stays where a server is down at once', () => {
    const pace = new Pace(6)
    const now = round(pace, 0, { failure: silence, ms: 50 })
    expect([pace.slots, pace.reason]).toEqual([6, null])
    round(pace, now, { failure: silence, ms: 30_000 })
    expect([pace.slots, pace.reason]).toEqual([3, 'stalled'])
  })

  test('is fewer where more of them move fewer bytes', () => {
    const pace = new Pace(8)
    let now = round(pace, 0, { failure: refused })
    // A line that four fill, and on which more than these are in each other's way.
    const slots = Array.from({ length: 12 }, () => {
      now = round(pace, now, { ms: 100 * Math.max(1, (pace.slots / 4) ** 2) })
      return pace.slots
    })
    expect(pace.reason).toBe('slower')
    // Now and then it is tried.
    expect(slots).toEqual([5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 4])
  })

  test('does not take idle time for a slow line', () => {
    const pace = new Pace(4)
    let now = round(pace, 0, { failure: refused })
    now = round(pace, now)
    expect(pace.slots).toBe(3)
    now = round(pace, now + 3_600_000)
    expect([pace.slots, pace.reason]).toEqual([4, 'throttled'])
  })

  const step = fc.record({
    begins: fc.boolean(),
    failure: fc.constantFrom(null, refused, silence, tooMany(5), unavailable(5), unreachable),
    bytes: fc.nat(1_000_000),
    ms: fc.nat(40_000),
    share: fc.constantFrom(1, 1 / 24),
  })
  test.prop([fc.integer({ min: 1, max: 10 }), fc.array(step, { maxLength: 200 })])(
    'stays from one to what the app allows',
    (max, steps) => {
      const pace = new Pace(max)
      const underWay: Begun[] = []
      let now = 0
      for (const { begins, ms, ...ended } of steps) {
        now += ms
        const oldest = begins ? undefined : underWay.shift()
        if (oldest === undefined) underWay.push(pace.begin(now))
        else pace.end(oldest, { ...ended, atMs: now })
        expect(pace.slots).toBeGreaterThanOrEqual(1)
        expect(pace.slots).toBeLessThanOrEqual(max)
        expect(pace.reason === null || pace.slots < max || max === 1 || pace.slots === max).toBe(true)
      }
    },
  )
})

test('a remote that takes two at a time is soon asked for no more, and all arrive', async () => {
  let underWay = 0
  let refusals = 0
  const made = world(async ({ verb }) => {
    if (verb !== 'put') return null
    if (underWay === 2) {
      refusals += 1
      return tooMany(1_000)
    }
    underWay += 1
    await new Promise<void>((resolve) => {
      made.clock.setTimeout(resolve, 100)
    })
    underWay -= 1
    return null
  })
  const blobs = made.start({ transfers: 6 })
  const names = Array.from({ length: 60 }, (_, n) => `b${n}`)
  made.online(false)
  for (const id of names) await blobs.put(bytes(id), { id })
  made.online(true)
  await made.clock.advance(50)
  const { pace } = blobs.getSnapshot()
  expect([pace.transfers <= 3, pace.reason]).toEqual([true, 'throttled'])
  const last = blobs.explain('b59')
  expect(last.map(({ code }) => code)).toContain('pace.throttled')
  expect(last.map(({ text }) => text).join()).toContain(`At most ${pace.transfers} at once`)
  await bring(made, blobs.idle(), 50)
  expect(blobs.getSnapshot().counts.SYNCED).toBe(60)
  // With six at once all the time, four of six are refused.
  expect(refusals).toBeLessThan(30)
  await blobs.close()
})
