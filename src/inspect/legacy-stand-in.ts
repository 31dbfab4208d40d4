import { isFields } from './clean'
import type { Inspected } from './inspected'
import { legacyDefinition, legacyTask, type LegacyDefinition } from './legacy-definition'

/** What @xstate/inspect touches of an interpreter of XState 4. */
export interface Service {
  readonly sessionId: string
  readonly id: string
  readonly parent: { readonly sessionId: string } | undefined
  readonly machine: { readonly definition: LegacyDefinition; readonly toJSON: () => LegacyDefinition }
  state: LegacyState
  /** It puts its own in front of this one. */
  send: (event: unknown) => unknown
  readonly subscribe: (listener: (state: LegacyState) => void) => { readonly unsubscribe: () => void }
  readonly onStop: (listener: () => void) => void
}

/** Stands for one actor on @xstate/inspect's list. */
export interface StandIn {
  readonly service: Service
  readonly hear: (event: Sent) => void
  readonly move: (state: LegacyState) => void
  readonly end: () => void
}

type Sent = { readonly type: string }

export const standInFor = (
  { actor: { sessionId, id, parentSessionId, machine } }: Inspected,
  state: LegacyState,
  sendOn: (event: Sent) => void,
): StandIn => {
  const listeners = new Set<(state: LegacyState) => void>()
  const enders = new Set<() => void>()
  const definition = machine === undefined ? legacyTask(id) : legacyDefinition(machine)
  let isTelling = false
  const service: Service = {
    sessionId,
    id,
    parent: parentSessionId === undefined ? undefined : { sessionId: parentSessionId },
    machine: { definition, toJSON: () => definition },
    state,
    send: (event) => {
      const sent = sentIn(event)
      if (!isTelling && sent !== null) sendOn(sent)
      return service.state
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return { unsubscribe: () => listeners.delete(listener) }
    },
    onStop: (listener) => enders.add(listener),
  }
  return {
    service,
    /** @xstate/inspect learns of an event by being asked to send it. */
    hear: (event) => {
      isTelling = true
      try {
        service.send({ ...event })
      } finally {
        isTelling = false
      }
    },
    move: (moved) => {
      service.state = moved
      for (const listener of listeners) listener(moved)
    },
    end: () => {
      for (const ender of enders) ender()
    },
  }
}

/** The event in what a viewer sends: XState 4 wraps it as SCXML does. */
const sentIn = (given: unknown): Sent | null => {
  const event = isFields(given) && given['$$type'] === 'scxml' ? given['data'] : given
  return isFields(event) && typeof event['type'] === 'string' ? { ...event, type: event['type'] } : null
}

type LegacyState = ReturnType<typeof stateOf>

/** A state in the form in which XState 4 writes it down; a task's is its status, a chart's is undefined before its birth is over. */
export const stateOf = (what: Exclude<Inspected, { type: '@xstate.event' }>) => {
  const { actor, snapshot } = what
  const event = what.type === '@xstate.snapshot' ? what.event : { type: 'xstate.init' }
  return {
    value: actor.machine === undefined && what.type === '@xstate.snapshot' ? snapshot.status : snapshot['value'],
    context: snapshot['context'] ?? {},
    event,
    _event: { name: event.type, data: event, $$type: 'scxml', type: 'external' },
    _sessionid: actor.sessionId,
    done: snapshot.status === 'done',
    changed: true,
    actions: [],
    activities: {},
    meta: {},
    events: [],
    configuration: [],
    transitions: [],
    children: {},
    tags: [],
  }
}
