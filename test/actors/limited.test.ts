import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { limited } from '../../src/actors/limited'
import { memoryRemote } from '../../src/remote/memory'
import { readWhole } from '../../src/remote/read-whole'
import type { Remote } from '../../src/remote/remote'
import { keyOf } from '../store/steps'
import { virtualClock } from '../virtual-clock'

const PIECE = 10_000
const content = (pieces: number) => new Uint8Array(pieces * PIECE).map((_, at) => at % 251)
const streamOf = (pieces: number) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (let piece = 0; piece < pieces; piece += 1)
        controller.enqueue(content(pieces).subarray(piece * PIECE, (piece + 1) * PIECE))
      controller.close()
    },
  })

/** Runs all, on a clock that goes on only while they wait. @returns the seconds that it took. */
const secondsOf = async (clock: ReturnType<typeof virtualClock>, runs: readonly Promise<unknown>[]): Promise<number> => {
  const startMs = clock.now()
  let isOver = false
  const all = Promise.all(runs).then(() => (isOver = true))
  for (let step = 0; step < 1000 && !isOver; step += 1) await clock.advance(1000)
  await all
  return (clock.now() - startMs) / 1000
}

const put = (remote: Remote, id: string, body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>, pieces: number) =>
  remote.put(keyOf(id), { sizeBytes: pieces * PIECE, body })()

describe('a line that is to be left to others', () => {
  test.each([
    ['bytes', content],
    ['streams', streamOf],
  ])('takes no more than it may up, all transfers together: %s', async (_kind, bodyOf) => {
    const clock = virtualClock()
    const remote = limited(memoryRemote(), { upBytesPerSecond: PIECE }, clock)
    const seconds = await secondsOf(
      clock,
      ['a', 'b', 'c', 'd', 'e'].map((id) => put(remote, id, bodyOf(4), 4)),
    )
    // The last piece need not be paid for.
    expect(seconds).toBeGreaterThanOrEqual(16 - 1)
    expect(seconds).toBeLessThanOrEqual(21)
    for (const id of ['a', 'e']) {
      const got = await remote.get(keyOf(id))()
      if (E.isLeft(got)) throw new Error(got.left.message)
      expect(await readWhole(got.right.body, 'Unreachable')).toEqual(E.right(content(4)))
    }
  })

  test('takes no more than it may down', async () => {
    const clock = virtualClock()
    const memory = memoryRemote()
    await put(memory, 'a', content(10), 10)
    const split: Remote = {
      ...memory,
      get: () => async () => E.right({ sizeBytes: 10 * PIECE, tag: null, body: streamOf(10) }),
    }
    const remote = limited(split, { downBytesPerSecond: PIECE }, clock)
    const read = async () => {
      const got = await remote.get(keyOf('a'))()
      return E.isRight(got) ? readWhole(got.right.body, 'Unreachable') : got
    }
    const runs = [read(), read()]
    expect(await secondsOf(clock, runs)).toBeGreaterThanOrEqual(18)
    for (const run of runs) expect(await run).toEqual(E.right(content(10)))
  })

  test('lets go at once of what is called off, and of its place', async () => {
    const clock = virtualClock()
    const remote = limited(memoryRemote(), { upBytesPerSecond: 1 }, clock)
    await remote.put(keyOf('first'), { sizeBytes: 10, body: new Uint8Array(10) })()
    const controller = new AbortController()
    const called = remote.put(keyOf('big'), { sizeBytes: PIECE, body: content(1), signal: controller.signal })()
    controller.abort()
    expect(await called).toMatchObject({ left: { _tag: 'Aborted' } })
    expect(await secondsOf(clock, [remote.put(keyOf('small'), { sizeBytes: 1, body: new Uint8Array(1) })()])).toBeLessThanOrEqual(
      12,
    )
  })

  test.each([0, -1, Number.NaN])('is never one that nothing passes: %s', (upBytesPerSecond) => {
    expect(() => limited(memoryRemote(), { upBytesPerSecond }, virtualClock())).toThrow(RangeError)
  })

  test('is as it was where nobody asked for that', () => {
    const remote = memoryRemote()
    expect(limited(remote, {}, virtualClock())).toBe(remote)
  })
})
