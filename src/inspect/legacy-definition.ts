import type { AnyStateMachine } from 'xstate'

type StateNode = AnyStateMachine['root']

interface Named {
  readonly type: string
}

/** A chart as XState 4 writes it down. Names stand for guards, actions and actors; nothing of it can run. */
export interface LegacyDefinition {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly initial?: string
  readonly description?: string | undefined
  readonly context?: object
  readonly entry?: readonly Named[]
  readonly exit?: readonly Named[]
  readonly invoke?: readonly { readonly id: string; readonly src: string }[]
  readonly on?: Readonly<Record<string, readonly LegacyTransition[]>>
  readonly always?: readonly LegacyTransition[]
  readonly states: Readonly<Record<string, LegacyDefinition>>
}

interface LegacyTransition {
  readonly target?: readonly string[]
  readonly cond?: string
  readonly actions: readonly Named[]
  readonly internal: boolean
}

/** All blobs have one chart. */
const written = new WeakMap<AnyStateMachine, LegacyDefinition>()

export const legacyDefinition = (machine: AnyStateMachine): LegacyDefinition => {
  const definition = written.get(machine) ?? { ...nodeOf(machine.root), context: {} }
  written.set(machine, definition)
  return definition
}

/** What is no chart, a promise for one, is drawn as its statuses. */
export const legacyTask = (id: string): LegacyDefinition => {
  const state = (key: string, type: string) => ({ id: `${id}.${key}`, key, type, states: {} })
  return {
    id,
    key: id,
    type: 'compound',
    initial: 'active',
    context: {},
    states: {
      active: state('active', 'atomic'),
      done: state('done', 'final'),
      error: state('error', 'final'),
      stopped: state('stopped', 'final'),
    },
  }
}

const nodeOf = (node: StateNode): LegacyDefinition => ({
  id: node.id,
  key: node.key,
  type: node.type,
  ...(node.type === 'compound' ? { initial: node.initial.target[0]?.key ?? '' } : {}),
  description: node.description,
  entry: namedOf(node.entry),
  exit: namedOf(node.exit),
  invoke: node.invoke.map(({ id, src }) => ({ id, src: typeof src === 'string' ? src : id })),
  on: Object.fromEntries([...node.transitions].map(([type, transitions]) => [type, transitions.map(transitionOf)])),
  ...(node.always === undefined ? {} : { always: node.always.map(transitionOf) }),
  states: Object.fromEntries(Object.values(node.states).map((child) => [child.key, nodeOf(child)])),
})

type Transition = NonNullable<StateNode['always']>[number]

const transitionOf = ({ target, guard, actions, reenter }: Transition): LegacyTransition => ({
  ...(target === undefined ? {} : { target: target.map(({ id }) => `#${id}`) }),
  ...(guard === undefined ? {} : { cond: nameOf(guard) }),
  actions: namedOf(actions),
  internal: !reenter,
})

const namedOf = (actions: readonly unknown[]): readonly Named[] => actions.map((action) => ({ type: nameOf(action) }))

/** Guards and actions are named in `setup`; an inline one has no name but its function's. */
const nameOf = (named: unknown): string => {
  if (typeof named === 'string') return named
  if (typeof named === 'function') return named.name
  return typeof named === 'object' && named !== null && 'type' in named ? String(named.type) : 'inline'
}
