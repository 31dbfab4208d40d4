import type { StatelyInspectionEvent } from '@statelyai/inspect'
import { isFields, type Fields } from '../../../src/inspect/clean'
import { taskNames } from './charts'

/** An actor as far as its device has told of it. */
export interface Actor {
  readonly sessionId: string
  readonly rootId: string
  /** What a relay calls its device; empty without one. */
  readonly device: string
  readonly name: string
  /** The id of its machine; null for a task, which has no chart. */
  readonly chart: string | null
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
  const chartIds = new Map<string, string>()
  const devices = new Map<string, string>()
  let entries: Entry[] = []
  let heard = 0
  let version = 0

  const chartIdOf = (definition = ''): string | null => {
    const known = chartIds.get(definition)
    if (known !== undefined) return known
    const { id, states } = fieldsIn(definition)
    if (states === undefined || typeof id !== 'string') return null
    chartIds.set(definition, id)
    return id
  }
  /** A relay puts its device's name before the ids; without one they are A, B, C in the order in which they are heard of. */
  const deviceOf = (rootId: string): string => {
    const slash = rootId.indexOf('/')
    const device = devices.get(rootId) ?? (slash > 0 ? rootId.slice(0, slash) : letterOf(devices.size))
    devices.set(rootId, device)
    return device
  }
  const forgetOldest = () => {
    for (const [sessionId, { status }] of actors) {
      if (actors.size <= ACTORS_MAX) return
      if (status !== 'active') forget(sessionId)
    }
  }
  const forget = (sessionId: string) => {
    const actor = actors.get(sessionId)
    actors.delete(sessionId)
    if (actor !== undefined && newest.get(placeOf(actor)) === sessionId) newest.delete(placeOf(actor))
  }
  const nameOf = (sessionId: string | undefined) => (sessionId === undefined ? '' : (actors.get(sessionId)?.name ?? sessionId))

  return {
    actors: actors as ReadonlyMap<string, Actor>,
    /** The actor that stands now where this one stood. */
    successorOf: (actor: Actor): Actor | undefined => actors.get(newest.get(placeOf(actor)) ?? actor.sessionId),
    /** How many devices are heard of. */
    devices: () => devices.size,
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
          const chart = chartIdOf(told.definition)
          const { status, value, context } = fieldsOf(told.snapshot)
          const actor: Actor = {
            sessionId,
            rootId,
            device: deviceOf(rootId),
            name: chart === null ? (taskNames.get(told.name) ?? told.name) : told.name,
            chart,
            status: statusOf(status),
            value,
            context: fieldsOf(context),
          }
          if (chart !== null) {
            const before = newest.get(placeOf(actor))
            if (before !== undefined && before !== sessionId && actors.get(before)?.status !== 'active') actors.delete(before)
            newest.set(placeOf(actor), sessionId)
          }
          actors.set(sessionId, actor)
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
          if (actor.chart === null && actor.status !== 'active') actors.delete(sessionId)
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

const placeOf = ({ rootId, name }: Actor): string => `${rootId} ${name}`

const letterOf = (count: number): string => String.fromCodePoint('A'.charCodeAt(0) + (count % 26))

const statusOf = (status: unknown): string => (typeof status === 'string' ? status : 'active')

export const fieldsOf = (u: unknown): Fields => (isFields(u) ? u : {})

const fieldsIn = (text: string): Fields => {
  try {
    return fieldsOf(JSON.parse(text))
  } catch {
    return {}
  }
}
