import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { isFields, type Fields } from '../../../src/inspect/clean'
import { taskNames } from './charts'

export type Kind = 'coordinator' | 'blob' | 'incoming' | 'task' | 'other'

/** An actor as far as its device has told of it. */
export interface Actor {
  readonly sessionId: string
  readonly rootId: string
  /** What a relay calls its device; empty without one. */
  readonly device: string
  readonly name: string
  readonly kind: Kind
  status: string
  value: unknown
  context: Fields
}

/** An event that reached an actor. */
export interface Entry {
  /** Counts up. */
  readonly number: number
  readonly atMs: number
  readonly actor: string
  readonly source: string
  readonly event: Fields & { readonly type: string }
}

/** Actors that have come to their end are kept until there are so many in all. */
const ACTORS_MAX = 5000
const ENTRIES_MAX = 2000

export type World = ReturnType<typeof createWorld>

/** What the viewer knows: the actors by their sessions, and the last events; bounded, however long it listens. */
export const createWorld = () => {
  const actors = new Map<string, Actor>()
  /** One blob comes to life many times: the newest stands for it. */
  const newest = new Map<string, string>()
  const kinds = new Map<string, Kind>()
  let entries: Entry[] = []
  let heard = 0
  let version = 0

  const kindOf = (definition: string | undefined): Kind => {
    if (definition === undefined) return 'task'
    const known = kinds.get(definition)
    if (known !== undefined) return known
    const { id, states } = fieldsIn(definition)
    const kind = states === undefined ? 'task' : id === 'coordinator' || id === 'blob' || id === 'incoming' ? id : 'other'
    if (kind !== 'task') kinds.set(definition, kind)
    return kind
  }
  const forgetOldest = () => {
    for (const [sessionId, { status }] of actors) {
      if (actors.size <= ACTORS_MAX) return
      if (status !== 'active') actors.delete(sessionId)
    }
  }
  const nameOf = (sessionId: string | undefined) => (sessionId === undefined ? '' : (actors.get(sessionId)?.name ?? sessionId))

  return {
    actors: actors as ReadonlyMap<string, Actor>,
    entries: (): readonly Entry[] => entries,
    heard: () => heard,
    /** Changes with whatever is told. */
    version: () => version,
    clearEntries: () => {
      entries = []
      version += 1
    },
    tell: (told: StatelyInspectionEvent) => {
      const { sessionId, rootId = sessionId } = told
      version += 1
      switch (told.type) {
        case '@xstate.actor': {
          const kind = kindOf(told.definition)
          const device = sessionId.includes('/') ? sessionId.slice(0, sessionId.indexOf('/')) : ''
          const name = kind === 'task' ? (taskNames.get(told.name) ?? told.name) : told.name
          if (kind !== 'task') {
            const place = `${rootId} ${name}`
            const before = newest.get(place)
            if (before !== undefined && before !== sessionId && actors.get(before)?.status !== 'active') actors.delete(before)
            newest.set(place, sessionId)
          }
          const { status, value, context } = fieldsOf(told.snapshot)
          actors.set(sessionId, {
            sessionId,
            rootId,
            device,
            name,
            kind,
            status: statusOf(status),
            value,
            context: fieldsOf(context),
          })
          forgetOldest()
          break
        }
        case '@xstate.snapshot': {
          const actor = actors.get(sessionId)
          const { status, value, context } = fieldsOf(told.snapshot)
          if (actor === undefined) return
          actor.status = statusOf(status)
          if (value !== undefined) actor.value = value
          actor.context = fieldsOf(context)
          if (actor.kind === 'task' && actor.status !== 'active') actors.delete(sessionId)
          break
        }
        case '@xstate.event': {
          heard += 1
          const entry: Entry = {
            number: heard,
            atMs: Number(told.createdAt),
            actor: nameOf(sessionId),
            source: nameOf(told.sourceId),
            event: told.event,
          }
          entries.push(entry)
          if (entries.length >= 2 * ENTRIES_MAX) entries = entries.slice(-ENTRIES_MAX)
          break
        }
      }
    },
  }
}

const statusOf = (status: unknown): string => (typeof status === 'string' ? status : 'active')

export const fieldsOf = (u: unknown): Fields => (isFields(u) ? u : {})

const fieldsIn = (text: string): Fields => {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}
