import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { replay, type Told } from '../../src/inspect/replay'

interface Said extends Told {
  readonly value: number
}

/** A life of some actors: each is born, moves, hears events and may end; never anything before its birth or after its end. */
const lives = fc.array(fc.tuple(fc.nat(7), fc.constantFrom('move', 'move', 'hear', 'end')), { maxLength: 300 }).map((steps) => {
  const living = new Map<number, string>()
  const said: Said[] = []
  steps.forEach(([who, step], value) => {
    let sessionId = living.get(who)
    if (sessionId === undefined) {
      sessionId = `${who}.${value}`
      living.set(who, sessionId)
      said.push({ type: '@xstate.actor', sessionId, isEnd: false, value })
    }
    if (step === 'hear') said.push({ type: '@xstate.event', sessionId, isEnd: false, value })
    else said.push({ type: '@xstate.snapshot', sessionId, isEnd: step === 'end', value })
    if (step === 'end') living.delete(who)
  })
  return said
})

/** What a viewer knows: of each actor that it heard born, the last state, until its end. */
const knownFrom = (said: readonly Said[]): ReadonlyMap<string, number | null> => {
  const known = new Map<string, number | null>()
  for (const { type, sessionId, isEnd, value } of said) {
    if (type === '@xstate.actor') known.set(sessionId, null)
    else if (type === '@xstate.snapshot' && known.has(sessionId)) {
      if (isEnd) known.delete(sessionId)
      else known.set(sessionId, value)
    }
  }
  return known
}

test.prop([lives])('whoever is told the past knows who lives, and where each is', (said) => {
  const past = replay<Said>(5)
  for (const one of said) past.push(one)
  expect(knownFrom(past.all())).toEqual(knownFrom(said))
})

test.prop([lives, fc.array(fc.boolean(), { minLength: 1, maxLength: 40 })])(
  'whoever takes messages out as they come, more slowly than they come, knows the same in the end',
  (said, turns) => {
    const waiting = replay<Said>(5)
    const taken: Said[] = []
    const take = () => {
      const next = waiting.shift()
      if (next !== undefined) taken.push(next)
      return next !== undefined
    }
    said.forEach((one, at) => {
      waiting.push(one)
      if (turns[at % turns.length] === true) take()
    })
    while (take());
    expect(knownFrom(taken)).toEqual(knownFrom(said))
  },
)

test('the past is bounded by those who live and a few messages, whatever was said', () => {
  const past = replay<Said>(5)
  let most = 0
  for (let value = 0; value < 10_000; value += 1) {
    const sessionId = `x:${Math.floor(value / 10)}`
    if (value % 10 === 0) past.push({ type: '@xstate.actor', sessionId, isEnd: false, value })
    past.push({ type: value % 3 === 0 ? '@xstate.event' : '@xstate.snapshot', sessionId, isEnd: value % 10 === 9, value })
    most = Math.max(most, past.all().length)
  }
  expect(most).toBeLessThan(40)
})
