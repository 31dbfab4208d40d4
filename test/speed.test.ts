import { expect, test } from 'vitest'
import { msLeftAt, speedAt, type Speed } from '../src/speed'

const run = (steps: readonly (readonly [atMs: number, bytes: number])[]) =>
  steps.reduce<Speed | null>((speed, [atMs, bytes]) => speedAt(speed, bytes, atMs), null)

const steady = (seconds: number, bytesPerSecond: number, from = { atMs: 0, bytes: 0 }) =>
  Array.from({ length: seconds + 1 }, (_, second) => [from.atMs + second * 1000, from.bytes + second * bytesPerSecond] as const)

test('what was there at the beginning is no speed', () => {
  expect(run([[0, 5_000_000]])?.bytesPerSecond).toBeNull()
  expect(run(steady(3, 1000, { atMs: 7, bytes: 5_000_000 }))?.bytesPerSecond).toBe(1000)
})

test('a burst does not make it leap, and what lasts is told within half a minute', () => {
  const before = steady(60, 1000)
  const burst = run([...before, [61_000, 70_000]])?.bytesPerSecond ?? 0
  expect(burst).toBeGreaterThan(1000)
  expect(burst).toBeLessThan(2000)
  const faster = run([...before, ...steady(30, 10_000, { atMs: 60_000, bytes: 60_000 })])?.bytesPerSecond ?? 0
  expect(faster).toBeGreaterThan(9000)
  expect(faster).toBeLessThanOrEqual(10_000)
})

test('reports in quick succession count together', () => {
  const quick = Array.from({ length: 1000 }, (_, index) => [index, index * 100] as const)
  expect(run(quick)?.bytesPerSecond).toBeCloseTo(100_000, 0)
})

test('what begins anew is measured anew', () => {
  expect(run([...steady(10, 1000), [11_000, 0]])?.bytesPerSecond).toBeNull()
})

test('the time left is told where speed and size are known', () => {
  const speed = { atMs: 0, bytes: 0, bytesPerSecond: 500 }
  expect(msLeftAt(speed, 1000)).toBe(2000)
  expect(msLeftAt(speed, null)).toBeNull()
  expect(msLeftAt({ ...speed, bytesPerSecond: 0 }, 1000)).toBeNull()
  expect(msLeftAt({ ...speed, bytesPerSecond: null }, 1000)).toBeNull()
})
