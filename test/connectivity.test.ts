import { expect, test } from 'vitest'
import { doubtedConnectivity, type Connectivity } from '../src/connectivity'
import { settled, virtualClock } from './virtual-clock'

const world = (isOnline: boolean) => {
  const clock = virtualClock()
  const listeners = new Set<(isOnline: boolean) => void>()
  const state = { isOnline, isReachable: false, questions: 0 }
  const hint: Connectivity = {
    isOnline: () => state.isOnline,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
  const say = async (next: boolean) => {
    state.isOnline = next
    listeners.forEach((listener) => listener(next))
    await settled()
  }
  const isReachable = () => {
    state.questions += 1
    return Promise.resolve(state.isReachable)
  }
  const connectivity = doubtedConnectivity(hint, isReachable, clock)
  const told: boolean[] = []
  const stop = connectivity.subscribe((next) => told.push(next))
  return { clock, connectivity, state, say, told, stop, listeners }
}

test('a platform that says offline is believed when the remote cannot be reached', async () => {
  const { connectivity, say, told } = world(true)
  await say(false)
  expect([connectivity.isOnline(), told]).toEqual([false, [false]])
  await say(true)
  expect([connectivity.isOnline(), told]).toEqual([true, [false, true]])
})

test('a platform that says offline while the remote answers stops nothing', async () => {
  const { connectivity, state, say, told } = world(true)
  state.isReachable = true
  await say(false)
  expect([connectivity.isOnline(), told]).toEqual([true, []])
})

test('a device that starts offline by a wrong word is online as soon as the remote answers', async () => {
  const { clock, connectivity, state, told } = world(false)
  await settled()
  expect(connectivity.isOnline()).toBe(false)
  state.isReachable = true
  await clock.advance(30_000)
  expect([connectivity.isOnline(), told]).toEqual([true, [true]])
})

test('what answers after the platform is online again does not count', async () => {
  const { connectivity, state, say, told } = world(true)
  state.isReachable = false
  const offline = say(false)
  await say(true)
  await offline
  expect([connectivity.isOnline(), told]).toEqual([true, []])
})

test('nothing is asked while the platform says online, nor after the last listener has gone', async () => {
  const { clock, state, say, stop, listeners } = world(true)
  await clock.advance(600_000)
  expect(state.questions).toBe(0)
  await say(false)
  stop()
  await clock.advance(600_000)
  expect([state.questions, listeners.size]).toEqual([1, 0])
})

test('an answer that comes after the last listener has gone is told to nobody, and nothing is asked again', async () => {
  const { clock, state, say, told, stop } = world(true)
  const offline = say(false)
  stop()
  await offline
  await clock.advance(600_000)
  expect([told, state.questions]).toEqual([[], 1])
})
