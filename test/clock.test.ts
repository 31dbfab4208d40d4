import { expect, test } from 'vitest'
import { wakingClock } from '../src/clock'

/** A platform whose timers and whose clock on the wall go apart, as they do in sleep. */
const platform = () => {
  let wallMs = 1_000_000
  let timersMs = 0
  let ids = 0
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>()
  const listeners = new Set<() => void>()
  const clock = wakingClock({
    now: () => wallMs,
    setTimeout: (run, delayMs) => {
      timers.set(++ids, { atMs: timersMs + delayMs, run })
      return ids
    },
    clearTimeout: (id) => {
      timers.delete(id as number)
    },
    onWake: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  })
  /** Lets the platform's timers run for so long, while the wall's clock goes on by that and more. */
  const pass = (ms: number, leapMs = 0) => {
    wallMs += leapMs
    const untilMs = timersMs + ms
    for (;;) {
      const next = [...timers].filter(([, { atMs }]) => atMs <= untilMs).toSorted(([, a], [, b]) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      wallMs += next[1].atMs - timersMs
      timersMs = next[1].atMs
      timers.delete(next[0])
      next[1].run()
    }
    wallMs += untilMs - timersMs
    timersMs = untilMs
  }
  const wake = () => listeners.forEach((listener) => listener())
  return { clock, pass, wake, pending: () => timers.size, listening: () => listeners.size }
}

const runsAfter = (delayMs: number) => {
  const world = platform()
  const runs: number[] = []
  const id = world.clock.setTimeout(() => runs.push(world.clock.now()), delayMs)
  return { ...world, runs, id }
}

test.each([0, 1, 5_000, 5_001, 60_000])('a wait of %i ms ends once, at its time, and leaves nothing', (delayMs) => {
  const { pass, runs, pending, listening } = runsAfter(delayMs)
  if (delayMs > 0) pass(delayMs - 1)
  expect(runs).toEqual([])
  pass(1)
  pass(1_000_000)
  expect(runs).toEqual([1_000_000 + delayMs])
  expect([pending(), listening()]).toEqual([0, 0])
})

test('what was slept through is over at once when the page is shown again', () => {
  const { pass, wake, runs, pending, listening } = runsAfter(60_000)
  pass(0, 3_600_000)
  expect(runs).toEqual([])
  wake()
  expect(runs).toHaveLength(1)
  expect([pending(), listening()]).toEqual([0, 0])
})

test('without a word of the page it is over within five seconds of the platform’s timers', () => {
  const { pass, runs } = runsAfter(60_000)
  pass(0, 3_600_000)
  pass(5_000)
  expect(runs).toHaveLength(1)
})

test('a clock that is set back does not make a wait longer', () => {
  const { pass, runs } = runsAfter(60_000)
  pass(10_000)
  pass(0, -86_400_000)
  pass(49_999)
  expect(runs).toEqual([])
  pass(1)
  expect(runs).toHaveLength(1)
})

test('waking before the time neither ends a wait nor doubles it', () => {
  const { pass, wake, runs, pending } = runsAfter(60_000)
  pass(7_000)
  for (const _ of [1, 2, 3]) wake()
  expect(pending()).toBe(1)
  pass(52_999)
  expect(runs).toEqual([])
  pass(5_000)
  expect(runs).toHaveLength(1)
})

test.each([10, 60_000])('a wait of %i ms that is called off never ends, whatever wakes', (delayMs) => {
  const { clock, pass, wake, runs, id, pending, listening } = runsAfter(delayMs)
  clock.clearTimeout(id)
  pass(1_000_000, 1_000_000)
  wake()
  expect([runs.length, pending(), listening()]).toEqual([0, 0, 0])
})

test('a wait that is called off by another at the same waking does not end', () => {
  const { clock, pass, wake, runs } = runsAfter(60_000)
  const other = clock.setTimeout(() => runs.push(-1), 60_000)
  clock.setTimeout(() => clock.clearTimeout(other), 50_000)
  pass(0, 55_000)
  wake()
  pass(5_000)
  expect(runs).toHaveLength(1)
})
