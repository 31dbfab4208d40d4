import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, fromPromise, type StateValue } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { electionMachine, type ElectionEvent } from '../../machines'

const heard = (epoch: number): ElectionEvent => ({ type: 'leader.heard', epoch })
const done = (output: number | null) => ({ type: 'xstate.done.actor.0.election.candidate.claiming', output })
const passed = (delay: string, state: string) => ({ type: `xstate.after.${delay}.election.${state}` })

const events = [
  { type: 'lock.granted' },
  { type: 'lock.lost' },
  heard(1),
  heard(9),
  { type: 'leader.left' },
  { type: 'store.refused' },
  done(2),
  done(null),
  passed('patience', 'candidate.asking'),
  passed('trust', 'candidate.trusting'),
  passed('rest', 'resting'),
  { type: 'election.closed' },
]
const nameOf = (value: StateValue): string =>
  typeof value === 'string'
    ? value
    : Object.entries(value)
        .map(([outer, inner]) => `${outer}.${typeof inner === 'string' ? inner : ''}`)
        .join()

const walked = (hasLocks: boolean) =>
  getShortestPaths(electionMachine, {
    input: { hasLocks },
    // The charts' own events are made by XState alone; a walk has to make them.
    events: events as ElectionEvent[],
    serializeState: ({ value, context }) => `${nameOf(value)} ${context.epoch} ${context.steals}`,
  })

describe.each([true, false])('with locks: %s', (hasLocks) => {
  const paths = walked(hasLocks)

  test('every state is reached', () => {
    const names = new Set(paths.map(({ state }) => nameOf(state.value)))
    const all = ['asking', 'trusting', 'claiming', 'leading'].map((state) => `candidate.${state}`)
    expect([...names].toSorted()).toEqual([...all, 'closed', 'resting'].toSorted())
  })

  test('nobody leads but by an epoch that it has begun, and nobody steals where there are no locks', () => {
    for (const { state } of paths) {
      if (nameOf(state.value) === 'candidate.leading') expect(state.context.epoch).toBe(2)
      if (!hasLocks) expect(state.context.steals).toBe(false)
    }
  })

  test('every way to lead goes through a claim, and every later epoch ends it', () => {
    const [leading] = paths.filter(({ state }) => nameOf(state.value) === 'candidate.leading')
    expect(leading?.steps.some(({ state }) => nameOf(state.value) === 'candidate.claiming')).toBe(true)
    for (const { state, steps } of paths) {
      const before = steps.at(-2)?.state
      const last: { readonly type: string; readonly epoch?: number } | undefined = steps.at(-1)?.event
      if (before === undefined || nameOf(before.value) !== 'candidate.leading') continue
      if (last?.epoch === 9 || last?.type === 'store.refused' || last?.type === 'lock.lost')
        expect(nameOf(state.value)).toBe('resting')
    }
  })
})

test('what holds the lock is let go of by everyone who stops leading', async () => {
  for (const ending of [heard(9), { type: 'store.refused' }, { type: 'election.closed' }] satisfies ElectionEvent[]) {
    let held = 0
    const machine = electionMachine.provide({
      actors: {
        lock: fromCallback<ElectionEvent, { readonly steals: boolean }>(({ sendBack }) => {
          held += 1
          if (held === 1) sendBack({ type: 'lock.granted' })
          return () => {
            held -= 1
          }
        }),
        lead: fromPromise<number | null>(async () => 2),
      },
      delays: { patience: 1_000_000, trust: 1_000_000, rest: 1_000_000 },
    })
    const actor = createActor(machine, { input: { hasLocks: true } }).start()
    await new Promise<void>((resolve) => {
      const subscription = actor.subscribe(({ value }) => {
        if (nameOf(value) === 'candidate.leading') resolve()
      })
      void subscription
    })
    expect(held).toBe(1)
    actor.send(ending)
    expect(held).toBe(0)
    actor.stop()
  }
})
