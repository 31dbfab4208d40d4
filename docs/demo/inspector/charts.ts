import { blobMachine, coordinatorMachine, incomingMachine } from 'blobsync/machines'
import { chartOf, type State } from './graph'
import type { Kind } from './world'

/** Charts as they are in the code, drawn from the machines themselves. */
export const charts = {
  coordinator: chartOf(coordinatorMachine),
  blob: chartOf(blobMachine),
  incoming: chartOf(incomingMachine),
}

export const hasChart = (kind: Kind): kind is keyof typeof charts => kind in charts

/** What the machines invoke, by the ids under which XState runs it. */
export const taskNames: ReadonlyMap<string, string> = (() => {
  const names = new Map<string, string>()
  const walk = (state: State) => {
    state.invokes.forEach((name, at) => names.set(`${at}.${state.id}`, name))
    state.children.forEach(walk)
  }
  for (const { root } of Object.values(charts)) walk(root)
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
