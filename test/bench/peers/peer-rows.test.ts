import { expect, test } from 'vitest'
import type { Contender, Trip } from './contest.ts'
import type { Leg, Peer } from './peer.ts'
import { peerRows } from './peer-rows.ts'
import { shapesNamed } from './shapes.ts'

const shape = { shape: '2x1kB', blobs: 2, blobBytes: 1000, runs: 3 }

const peerOf = (subject: string, legs: readonly Leg[], setting?: string): Peer => ({
  subject,
  ...(setting === undefined ? {} : { setting }),
  durable: 'written',
  encryption: 'none',
  legs,
  missing: async () => null,
  serve: () => Promise.reject(new Error('Nothing is served here.')),
  client: () => Promise.reject(new Error('Nothing is sent here.')),
})

const tripOf = (wallMs: number): Trip => ({
  wallMs,
  cpuMs: 1,
  startMs: 1,
  peakRssMiB: wallMs,
  serverCpuMs: 1,
  serverPeakRssMiB: 1,
  wire: { requests: 2, bytes: 100 },
  digest: null,
})

const contender = (peer: Peer, walls: readonly number[]): Contender => ({
  peer,
  trips: walls.map((wallMs) => Object.fromEntries(peer.legs.map((leg) => [leg, tripOf(wallMs)]))),
})

test('there and back add up run by run, and memory is the most that any run took', () => {
  const rows = peerRows('peers', shape, [contender(peerOf('loop', ['up', 'down']), [10, 30, 20])])
  expect(rows.map(({ phase, wallMs, spread, requests }) => ({ phase, wallMs, spread, requests }))).toEqual([
    { phase: 'up', wallMs: 20, spread: [10, 30], requests: 2 },
    { phase: 'down', wallMs: 20, spread: [10, 30], requests: 2 },
    { phase: 'round', wallMs: 40, spread: [20, 60], requests: 4 },
  ])
  expect(rows.map(({ peakRssMiB }) => peakRssMiB)).toEqual([30, 30, 30])
})

test('a peer that only goes up has a row for that and for nothing else', () => {
  const rows = peerRows('peers', shape, [contender(peerOf('tus', ['up']), [10, 10, 10])])
  expect(rows.map(({ phase }) => phase)).toEqual(['up'])
})

test('of several settings each phase shows the one that is better there and back', () => {
  const slow = contender(peerOf('rclone', ['up', 'down'], '4 transfers'), [30, 30, 30])
  const fast = contender(peerOf('rclone', ['up', 'down'], '16 transfers'), [20, 20, 20])
  expect(peerRows('peers', shape, [slow, fast]).map(({ setting }) => setting)).toEqual([
    '16 transfers',
    '16 transfers',
    '16 transfers',
  ])
})

test('of two settings that are equal one is shown', () => {
  const one = contender(peerOf('rclone', ['up', 'down'], '4 transfers'), [20, 20, 20])
  const other = contender(peerOf('rclone', ['up', 'down'], '16 transfers'), [20, 20, 20])
  expect(peerRows('peers', shape, [one, other])).toHaveLength(3)
})

test('only ours is set in relation to the loop, run by run', () => {
  const loop = contender(peerOf('loop', ['up', 'down']), [10, 100, 100])
  const ours = contender(peerOf('blobsync', ['up', 'down']), [5, 50, 50])
  const rows = peerRows('peers', shape, [ours, loop])
  expect(rows.filter(({ ratio }) => ratio !== undefined).map(({ subject, ratio }) => [subject, ratio])).toEqual([
    ['blobsync', 0.5],
    ['blobsync', 0.5],
    ['blobsync', 0.5],
  ])
})

test('a shape that the bench does not have is refused with those that it has', () => {
  expect(() => shapesNamed(['3x3kB'], false)).toThrow('1000x10kB, 100x100kB')
})
