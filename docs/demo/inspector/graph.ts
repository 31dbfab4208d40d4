import type { AnyStateMachine } from 'xstate'

type StateNode = AnyStateMachine['root']
type Definition = NonNullable<StateNode['always']>[number]

/** A state of a chart, with those inside it. */
export interface State {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final'
  /** The actors that run while it is active. */
  readonly invokes: readonly string[]
  /** What it hears without being left. */
  readonly hears: readonly string[]
  readonly children: readonly State[]
  readonly initialId: string | null
}

/** A transition from one state to another. */
export interface Transition {
  readonly from: string
  readonly to: string
  /** What brings it about; empty for one that is taken as soon as its guard holds. */
  readonly event: string
  /** In brackets; empty if there is none. */
  readonly guard: string
}

export interface Chart {
  readonly root: State
  readonly transitions: readonly Transition[]
}

/** Stands in the drawing for whichever state is active, where the chart itself leads on from all of them. */
export const ANYWHERE = '*'

/** Reads a chart from its machine: states, transitions of every kind, descriptions. */
export const chartOf = (machine: AnyStateMachine): Chart => {
  const transitions: Transition[] = []
  const walk = (node: StateNode): State => {
    const from = node === machine.root ? ANYWHERE : node.id
    for (const { event, guard, definition } of transitionsOf(node)) {
      for (const { id } of definition.target ?? []) transitions.push({ from, to: id, event, guard })
    }
    return {
      id: node.id,
      name: node.key,
      description: node.description ?? '',
      kind: node.type === 'history' ? 'atomic' : node.type,
      invokes: node.invoke.map(({ id, src }) => (typeof src === 'string' ? src : id)),
      hears: transitionsOf(node)
        .filter(({ definition }) => definition.target === undefined && definition.actions.length > 0)
        .map(({ event, guard }) => `${event} ${guard}`.trim()),
      children: Object.values(node.states).map(walk),
      initialId: node.type === 'compound' ? (node.initial.target[0]?.id ?? null) : null,
    }
  }
  const root = walk(machine.root)
  const anywhere = transitions.some(({ from }) => from === ANYWHERE) ? [anyState] : []
  return { root: { ...root, children: [...anywhere, ...root.children] }, transitions }
}

const anyState: State = {
  id: ANYWHERE,
  name: 'any state',
  description: 'Wherever it is.',
  kind: 'atomic',
  invokes: [],
  hears: [],
  children: [],
  initialId: null,
}

interface Named {
  readonly event: string
  readonly guard: string
  readonly definition: Definition
}

const transitionsOf = (node: StateNode): readonly Named[] => [
  ...named('', node.always ?? []),
  ...[...node.transitions].flatMap(([type, definitions]) => named(wordOf(type, node), definitions)),
]

const named = (event: string, definitions: readonly Definition[]): readonly Named[] =>
  definitions.map((definition, at) => {
    const guard = definition.guard === undefined ? (at > 0 ? '[else]' : '') : `[${nameOf(definition.guard)}]`
    return { definition, event: event === '' && guard === '' ? 'at once' : event, guard }
  })

/** XState names the events of delays and of its own actors after ids; people know them by what they are. */
const wordOf = (type: string, node: StateNode): string => {
  const delayed = node.after.find(({ eventType }) => eventType === type)
  if (delayed !== undefined) return `after ${typeof delayed.delay === 'number' ? `${delayed.delay} ms` : nameOf(delayed.delay)}`
  for (const { id, src } of node.invoke) {
    const which = node.invoke.length === 1 ? '' : `${typeof src === 'string' ? src : id} `
    if (type === `xstate.done.actor.${id}`) return `${which}done`
    if (type === `xstate.error.actor.${id}`) return `${which}threw`
  }
  return type
}

/** The name that `setup` gave it; what has none is a combination of such. */
const nameOf = (named: unknown): string => {
  if (typeof named === 'string') return named
  if (typeof named === 'function' && 'guards' in named && Array.isArray(named.guards)) return named.guards.map(nameOf).join(', ')
  if (typeof named === 'function') return named.name
  return typeof named === 'object' && named !== null && 'type' in named ? String(named.type) : ''
}
