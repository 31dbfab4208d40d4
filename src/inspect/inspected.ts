import { StateMachine, type ActorRefLike, type AnyStateMachine, type InspectionEvent } from 'xstate'
import { cleanEvent, cleanSnapshot, isFields } from './clean'

const STOP = 'xstate.stop'

/** An actor as the inspectors know it. */
export interface InspectedActor {
  readonly sessionId: string
  /** A blob's is its key as text. */
  readonly id: string
  readonly parentSessionId: string | undefined
  /** Absent for an actor that is no chart: a promise. */
  readonly machine: AnyStateMachine | undefined
}

/** One of XState's inspection events with nothing in it that must not leave. */
export type Inspected = {
  readonly actor: InspectedActor
  readonly rootId: string
  /** True for the last that is heard of an actor. */
  readonly isEnd: boolean
} &
  /** At its birth an actor has no state yet; one that is told of again has. */
  (
    | { readonly type: '@xstate.actor'; readonly snapshot: ReturnType<typeof cleanSnapshot> }
    | { readonly type: '@xstate.event'; readonly event: ReturnType<typeof cleanEvent>; readonly source: string | undefined }
    | {
        readonly type: '@xstate.snapshot'
        readonly event: ReturnType<typeof cleanEvent>
        readonly snapshot: ReturnType<typeof cleanSnapshot>
      }
  )

export const actorOf = (ref: ActorRefLike): InspectedActor => {
  const fields: unknown = ref
  const { id, _parent: parent, logic } = isFields(fields) ? fields : {}
  return {
    sessionId: ref.sessionId,
    id: typeof id === 'string' ? id : ref.sessionId,
    parentSessionId: isFields(parent) && typeof parent['sessionId'] === 'string' ? parent['sessionId'] : undefined,
    machine: logic instanceof StateMachine ? logic : undefined,
  }
}

/** Cleans an inspection event. None comes of one that viewers do not know; two of the event by which an actor that threw is heard of. */
export const inspected = (event: InspectionEvent): readonly Inspected[] => {
  const { actorRef, rootId } = event
  switch (event.type) {
    case '@xstate.actor':
      return [
        { type: event.type, actor: actorOf(actorRef), rootId, isEnd: false, snapshot: cleanSnapshot(snapshotNow(actorRef)) },
      ]
    case '@xstate.snapshot':
      return [snapshotOf(actorRef, rootId, event.event, event.snapshot)]
    case '@xstate.event': {
      const actor = actorOf(actorRef)
      const heard: Inspected = {
        type: event.type,
        actor,
        rootId,
        isEnd: false,
        event: cleanEvent(event.event, actor.machine?.events ?? []),
        source: event.sourceRef?.sessionId,
      }
      // XState tells nothing else of an actor that threw in a transition.
      if (event.sourceRef === undefined || !event.event.type.startsWith('xstate.error.actor.')) return [heard]
      return [snapshotOf(event.sourceRef, rootId, event.event, event.sourceRef.getSnapshot()), heard]
    }
    case '@xstate.transition':
    case '@xstate.microstep':
    case '@xstate.action':
      return []
  }
}

/** XState's development build throws when it is asked while an actor is being born. */
const snapshotNow = (ref: ActorRefLike): unknown => {
  try {
    return ref.getSnapshot()
  } catch {
    return undefined
  }
}

const snapshotOf = (ref: ActorRefLike, rootId: string, event: { readonly type: string }, snapshot: unknown): Inspected => {
  const actor = actorOf(ref)
  const cleaned = cleanSnapshot(snapshot)
  // An actor that had come to its end before it is stopped keeps the status of that end.
  const status = event.type === STOP && cleaned.status === 'active' ? 'stopped' : cleaned.status
  return {
    type: '@xstate.snapshot',
    actor,
    rootId,
    isEnd: status !== 'active',
    event: cleanEvent(event, actor.machine?.events ?? []),
    snapshot: { ...cleaned, status },
  }
}
