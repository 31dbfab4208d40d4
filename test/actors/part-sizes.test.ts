import { expect, test } from 'vitest'
import { partSizes } from '../../src/actors/part-sizes'

const MiB = 1024 * 1024

const grown = (inFlightBytes = 1024 * MiB) => {
  const parts = partSizes(inFlightBytes)
  for (let times = 0; times < 10; times += 1) parts.onTaken(parts.next(), 10)
  return parts
}

test('parts begin with the least and double while the line takes them fast, up to 8 MiB', () => {
  const parts = partSizes(1024 * MiB)
  const sizes = Array.from({ length: 6 }, () => {
    const size = parts.next()
    parts.onTaken(size, 10)
    return size / MiB
  })
  expect(sizes).toEqual([1, 2, 4, 8, 8, 8])
})

test('a part that was made before the size grew says nothing about the new size', () => {
  const parts = partSizes(1024 * MiB)
  parts.onTaken(MiB, 10)
  parts.onTaken(MiB, 10)
  expect(parts.next()).toBe(2 * MiB)
})

test('on a slow line they become small again, so that others need not wait long for a slot', () => {
  const parts = grown()
  parts.onTaken(8 * MiB, 3_000)
  expect(parts.next()).toBe(8 * MiB)
  for (let times = 0; times < 5; times += 1) parts.onTaken(parts.next(), 10_000)
  expect(parts.next()).toBe(MiB)
})

test('after a failure they are half as large, and never less than the least', () => {
  const parts = grown()
  const sizes = Array.from({ length: 5 }, () => {
    parts.onFailed()
    return parts.next() / MiB
  })
  expect(sizes).toEqual([4, 2, 1, 1, 1])
})

test('a size that something on the way refuses is not tried again; the least one has no other to try', () => {
  const parts = grown()
  expect(parts.onRefused(8 * MiB)).toBe(true)
  expect(parts.next()).toBe(MiB)
  parts.onTaken(MiB, 10)
  expect(parts.next()).toBe(MiB)
  expect(parts.onRefused(MiB)).toBe(false)
})

test.each([
  [32, 1, 8],
  [32, 2, 8],
  [32, 4, 4],
  [32, 6, 2],
  [32, 100, 1],
  [8, 1, 4],
  [0, 1, 1],
])('with %d MiB for %d uploads, of which each holds two parts, a part has %d MiB', (inFlight, uploads, expected) => {
  const parts = grown(inFlight * MiB)
  const ends = Array.from({ length: uploads }, () => parts.enter())
  expect(parts.next() / MiB).toBe(expected)
  for (const end of ends.slice(1)) end()
  expect(parts.next()).toBe(Math.min(8, Math.max(1, inFlight / 2)) * MiB)
})
