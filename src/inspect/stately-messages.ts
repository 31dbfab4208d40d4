import type { createInspector } from '@statelyai/inspect'
import type { Inspected } from './inspected'

/** Makes @statelyai/inspect's messages of cleaned events: it sees nothing else of an actor. */
export const statelyMessages = (
  create: typeof createInspector,
  send: (what: Inspected, message: object) => void,
): ((what: Inspected) => void) => {
  let told: Inspected | null = null
  const inspector = create({
    // Asked for one message it does not know the root, and names an actor after its chart.
    send: (message) => {
      if (told !== null) send(told, { ...message, ...amended(told) })
    },
  })
  return (what) => {
    told = what
    const { id, sessionId, parentSessionId, machine } = what.actor
    switch (what.type) {
      case '@xstate.actor': {
        const parent = parentSessionId === undefined ? {} : { _parent: { ...silent, sessionId: parentSessionId } }
        const ref = { ...silent, sessionId, id, ...parent, logic: { config: machine?.config ?? { id } } }
        return inspector.actor(ref, what.snapshot)
      }
      case '@xstate.event':
        return inspector.event(sessionId, what.event, what.source === undefined ? {} : { source: what.source })
      case '@xstate.snapshot':
        return inspector.snapshot(sessionId, what.snapshot, { event: what.event })
    }
  }
}

const amended = ({ type, rootId, actor: { id, sessionId, machine } }: Inspected) =>
  type === '@xstate.actor' ? { rootId, name: id === sessionId ? (machine?.id ?? id) : id } : { rootId }

const silent = { send: () => {}, getSnapshot: () => undefined }
