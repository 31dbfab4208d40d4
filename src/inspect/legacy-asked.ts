import * as t from 'io-ts'
import type { AnyStateMachine } from 'xstate'
import { Priority } from '../model/record'

const plain = t.type({ type: t.string })

/** What an app, too, may ask of them; the rest is between the actors, and one wrong word of it would end them. */
const askable: Readonly<Record<string, Readonly<Record<string, t.Mixed>>>> = {
  coordinator: {
    'sync.requested': plain,
    'sync.paused': plain,
    'sync.resumed': plain,
    'backoff.waived': plain,
    'room.changed': plain,
    'connectivity.changed': t.type({ isOnline: t.boolean }),
  },
  blob: {
    'blob.woken': plain,
    'blob.retried': plain,
    'blob.deleted': plain,
    'blob.prioritised': t.type({ priority: Priority }),
  },
  incoming: { 'incoming.checked': plain },
  election: {},
}

export const mayBeSent = (machine: AnyStateMachine | undefined, event: { readonly type: string }): boolean => {
  if (machine === undefined || event.type.startsWith('xstate.')) return false
  const asked = askable[machine.id]
  return asked === undefined ? machine.events.includes(event.type) : (asked[event.type]?.is(event) ?? false)
}
