import type { ActorRefLike, InspectionEvent } from 'xstate'
import { isFields } from './clean'
import { inspected, type Inspected } from './inspected'
import { mayBeSent } from './legacy-asked'
import { stateOf, standInFor, type Service, type StandIn } from './legacy-stand-in'

/** An observer for `createBlobSync({ inspect })`. */
export interface LegacyInspector {
  readonly next: (event: InspectionEvent) => void
  /** The same observer, by the name that `statelyInspector` gives it too. */
  readonly inspect: (event: InspectionEvent) => void
  /** Takes every actor off @xstate/inspect's list; nothing is passed on any more, either way. */
  readonly stop: () => void
}

/**
 * The bridge to @xstate/inspect 0.8, which is made for XState 4: registers a stand-in for each actor with `globalThis.__xstate__`, once its
 * `inspect()` has put that there, whichever of the two is called first. What an app may ask of an actor its viewer may send: the event reaches the actor.
 * What must not leave is left out as by `statelyInspector` (docs/inspecting.md).
 */
export const legacyInspector = (): LegacyInspector => {
  const standIns = new Map<string, StandIn>()
  const fromViewer = new WeakSet<object>()
  let registered: DevTools | undefined
  let isStopped = false

  const register = () => {
    const tools = devTools()
    if (tools === undefined) return
    if (tools !== registered) for (const standIn of standIns.values()) tools.register(standIn.service)
    registered = tools
  }
  const end = (standIn: StandIn) => {
    standIns.delete(standIn.service.sessionId)
    standIn.end()
    registered?.unregister?.(standIn.service)
  }
  const follow = (what: Inspected, ref: ActorRefLike) => {
    const { sessionId } = what.actor
    const known = standIns.get(sessionId)
    if (what.type === '@xstate.event') return known?.hear(what.event)
    const state = stateOf(what)
    // XState tells of an actor's birth before it has a state; what is stopped before it began never has one.
    if (known === undefined && (state.value === undefined || what.isEnd)) return
    if (known !== undefined) known.move(state)
    else {
      const made = standInFor(what, state, (event) => {
        if (isStopped || !mayBeSent(what.actor.machine, event)) return
        fromViewer.add(event)
        ref.send(event)
      })
      standIns.set(sessionId, made)
      registered?.register(made.service)
    }
    if (what.isEnd && known !== undefined) end(known)
  }
  const next = (event: InspectionEvent) => {
    if (isStopped) return
    register()
    // What the viewer sent it has noted itself.
    if (event.type === '@xstate.event' && fromViewer.has(event.event)) return
    for (const what of inspected(event)) follow(what, event.actorRef)
  }

  return {
    next,
    inspect: next,
    stop: () => {
      for (const standIn of standIns.values()) end(standIn)
      isStopped = true
    },
  }
}

interface DevTools {
  readonly register: (service: Service) => void
  readonly unregister?: (service: Service) => void
}

const isDevTools = (u: unknown): u is DevTools => isFields(u) && typeof u['register'] === 'function'

const devTools = (): DevTools | undefined => {
  const tools: unknown = Reflect.get(globalThis, '__xstate__')
  return isDevTools(tools) ? tools : undefined
}
