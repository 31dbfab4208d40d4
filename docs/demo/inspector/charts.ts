import * as machines from 'blobsync/machines'
import { StateMachine } from 'xstate'
import { chartOf, type Chart, type State } from './graph'

/** Every chart as it is in the code, by its id, drawn from the machine itself. */
export const charts: ReadonlyMap<string, Chart> = new Map(
  Object.values(machines).flatMap((machine) =>
    machine instanceof StateMachine ? [[machine.id, chartOf(machine)] as const] : [],
  ),
)

/** What the machines invoke, by the ids under which XState runs it. */
export const taskNames: ReadonlyMap<string, string> = (() => {
  const names = new Map<string, string>()
  const walk = (state: State) => {
    state.invokes.forEach((name, at) => names.set(`${at}.${state.id}`, name))
    state.children.forEach(walk)
  }
  for (const { root } of charts.values()) walk(root)
  return names
})()

/** The ids of the states that a state value means: one path, or one in each region. */
export const activeIds = (state: State, value: unknown, ids = new Set<string>()): ReadonlySet<string> => {
  const parts: readonly (readonly [string, unknown])[] =
    typeof value === 'string' ? [[value, undefined]] : typeof value === 'object' && value !== null ? Object.entries(value) : []
  for (const [name, inner] of parts) {
    const child = state.children.find((one) => one.name === name)
    if (child === undefined) continue
    ids.add(child.id)
    activeIds(child, inner, ids)
  }
  return ids
}
