import type { ActorRefFrom } from 'xstate'
import type { BlobPhase, coordinatorMachine, Roster } from '../machines'
import { keyText, type BlobKey } from './model/ids'
import { isActive, type BlobRecord } from './model/record'
import type { BlobSyncEvents, BlobView, Phase, Snapshot } from './options'

/** Shows the coordinator and its blobs to the app: views, the snapshot, typed events. */
export const watch = (coordinator: ActorRefFrom<typeof coordinatorMachine>, roster: Roster) => {
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const handlers = new Map<string, Set<(event: never) => void>>()
  const observers = new Map<string, Set<() => void>>()
  const progress = new Map<string, { readonly bytes: number; readonly totalBytes: number | null }>()
  let isStale = true
  let isNotifying = false
  let snapshot = readSnapshot(coordinator, roster)

  const getSnapshot = (): Snapshot => {
    if (!isStale) return snapshot
    isStale = false
    const next = readSnapshot(coordinator, roster)
    if (JSON.stringify(next) !== JSON.stringify(snapshot)) snapshot = next
    return snapshot
  }

  const notify = () => {
    isNotifying = false
    const before = snapshot
    if (getSnapshot() === before) return
    for (const listener of listeners) listener(snapshot)
  }

  coordinator.subscribe(() => {
    isStale = true
    if (isNotifying || listeners.size === 0) return
    isNotifying = true
    queueMicrotask(notify)
  })

  const emit = <Name extends keyof BlobSyncEvents>(name: Name, event: BlobSyncEvents[Name]) => {
    // Handlers are kept under the name that types them.
    for (const handler of handlers.get(name) ?? []) (handler as (event: BlobSyncEvents[Name]) => void)(event)
  }

  const touch = (key: BlobKey) => {
    for (const observer of observers.get(keyText(key)) ?? []) observer()
  }

  const view = (key: BlobKey): BlobView => {
    const text = keyText(key)
    const record = roster.byText(text)
    return record === undefined || record.trashedAtMs !== null
      ? viewOfNothing(key)
      : viewOf(record, shownPhase(roster.live.get(text)?.phase) ?? phaseOf(record), progress.get(text) ?? null)
  }

  coordinator.on('blob.moved', ({ record, before, phase }) => {
    if (phase !== 'transferring') progress.delete(keyText(record))
    touch(record)
    if (handlers.size === 0) return
    const shown = view(record)
    emit('blob.changed', shown)
    if (record.status === 'SYNCED' && before?.status !== 'SYNCED') emit('blob.synced', shown)
    if (record.status === 'FAILED_DOWNLOAD' && before?.status !== 'FAILED_DOWNLOAD') emit('blob.failed', shown)
    if (record.held !== null && before?.held === null) emit('blob.held', shown)
  })
  coordinator.on('blob.gone', ({ record }) => {
    touch(record)
    emit('blob.deleted', viewOfNothing(record))
  })
  coordinator.on('blob.crashed', ({ record, error }) => emit('blob.crashed', { blob: view(record), error }))

  return {
    getSnapshot,
    view,
    emit,
    touch,
    subscribe: (listener: (snapshot: Snapshot) => void) => add(listeners, listener),
    on: <Name extends keyof BlobSyncEvents>(name: Name, handler: (event: BlobSyncEvents[Name]) => void) => {
      const set = handlers.get(name) ?? new Set()
      handlers.set(name, set)
      return add<(event: never) => void>(set, handler)
    },
    observe: (key: BlobKey, observer: () => void) => {
      const text = keyText(key)
      const set = observers.get(text) ?? new Set()
      observers.set(text, set)
      const remove = add(set, observer)
      return () => {
        remove()
        if (set.size === 0) observers.delete(text)
      }
    },
    onProgress: (key: BlobKey, bytes: number, totalBytes: number | null) => {
      progress.set(keyText(key), { bytes, totalBytes })
      touch(key)
    },
  }
}

const add = <A>(set: Set<A>, item: A) => {
  set.add(item)
  return () => {
    set.delete(item)
  }
}

const readSnapshot = (coordinator: ActorRefFrom<typeof coordinatorMachine>, { tally }: Roster): Snapshot => {
  const { value, context } = coordinator.getSnapshot()
  const { reconciliation } = value
  return {
    counts: { ...tally.counts },
    held: tally.held,
    active: tally.active,
    bytesHere: tally.bytesHere,
    connectivity: value.connectivity === 'offline' ? 'offline' : 'online',
    access: value.access,
    transfers: value.room !== 'available' ? 'full' : value.transfers === 'paused' ? 'paused' : 'running',
    quota: value.quota,
    reconciliation: reconciliation === 'broken' ? 'idle' : reconciliation,
    lastListFailure: context.listFailure,
  }
}

/** A mark is written at once: nobody outside needs a word for it. */
const shownPhase = (phase: BlobPhase | 'entering' | undefined): Phase | undefined =>
  phase === 'marking' ? 'queued' : phase === 'entering' ? undefined : phase

const phaseOf = (record: BlobRecord): Phase => {
  if (record.held !== null) return 'held'
  if (!isActive(record)) return 'resting'
  return record.dueAtMs === null ? 'queued' : 'backingOff'
}

const viewOf = (record: BlobRecord, phase: Phase, progress: BlobView['progress']): BlobView =>
  Object.freeze({
    namespace: record.namespace,
    id: record.id,
    status: record.status,
    phase,
    held: record.held,
    priority: record.priority,
    sizeBytes: record.sizeBytes,
    isHere: record.isHere,
    isPinned: record.isPinned,
    isExternal: record.isExternal,
    attempt: phase === 'transferring' ? record.attempts + 1 : record.attempts,
    nextAttemptAtMs: record.dueAtMs,
    lastFailure: record.failure,
    progress,
  })

const viewOfNothing = ({ namespace, id }: BlobKey): BlobView =>
  Object.freeze({
    namespace,
    id,
    status: 'DELETED',
    phase: 'resting',
    held: null,
    priority: 'medium',
    sizeBytes: null,
    isHere: false,
    isPinned: false,
    isExternal: false,
    attempt: 0,
    nextAttemptAtMs: null,
    lastFailure: null,
    progress: null,
  })
