import type { ActorRefFrom } from 'xstate'
import type { BlobPhase, coordinatorMachine, Roster } from '../machines'
import { keyText, type BlobKey } from './model/ids'
import { isActive, type BlobRecord } from './model/record'
import type { BlobSyncEvents, BlobView, Phase, Progress, Snapshot } from './options'
import { shownList } from './shown-list'
import { msLeftAt, speedAt, type Speed } from './speed'

/** Shows the coordinator and its blobs to the app: views, the snapshot, typed events. */
export const watch = (coordinator: ActorRefFrom<typeof coordinatorMachine>, roster: Roster, now: () => number) => {
  const listeners = new Set<(snapshot: Snapshot) => void>()
  const handlers = new Map<string, Set<(event: never) => void>>()
  const observers = new Map<string, Set<() => void>>()
  const progress = new Map<string, Progress>()
  const speeds = new Map<string, Speed>()
  const views = new WeakMap<BlobRecord, BlobView>()
  /** What the tab that leads says, where that is not this one. */
  let regionsElsewhere: Partial<Snapshot> = {}
  let isStale = true
  let isNotifying = false
  let snapshot = readSnapshot(coordinator, roster)
  let told = snapshot
  let toldList: readonly BlobView[] = []

  const getSnapshot = (): Snapshot => {
    if (!isStale) return snapshot
    isStale = false
    const next = { ...readSnapshot(coordinator, roster), ...regionsElsewhere }
    if (JSON.stringify(next) !== JSON.stringify(snapshot)) snapshot = next
    return snapshot
  }

  /** Compared is what was told last, not what was read last: whoever reads in between must not keep it from the others. */
  const notify = () => {
    isNotifying = false
    if (listeners.size > 0 && getSnapshot() !== told) {
      told = snapshot
      for (const listener of listeners) listener(told)
    }
    if (!handlers.has('list.changed')) return
    const listed = list()
    if (listed === toldList) return
    toldList = listed
    emit('list.changed', listed)
  }
  const notifySoon = () => {
    if (isNotifying || (listeners.size === 0 && !handlers.has('list.changed'))) return
    isNotifying = true
    queueMicrotask(notify)
  }

  const change = () => {
    isStale = true
    notifySoon()
  }
  coordinator.subscribe(change)

  const emit = <Name extends keyof BlobSyncEvents>(name: Name, event: BlobSyncEvents[Name]) => {
    // Handlers are kept under the name that types them.
    for (const handler of handlers.get(name) ?? []) (handler as (event: BlobSyncEvents[Name]) => void)(event)
  }

  const touch = (key: BlobKey) => {
    const text = keyText(key)
    roster.unshown?.add(text)
    notifySoon()
    for (const observer of observers.get(text) ?? []) observer()
  }

  const phaseNow = (key: string): Phase | undefined =>
    roster.elsewhere.has(key) ? 'transferring' : shownPhase(roster.live.get(key)?.phase)

  /** What was told of it; of a download that nobody has gone on with since the start, what is here. */
  const progressOf = (record: BlobRecord): BlobView['progress'] => {
    const text = keyText(record)
    if (record.download !== null && !progress.has(text)) {
      const { checkpoint, sizeBytes } = record.download
      progress.set(text, { bytes: checkpoint.encryptedBytes, totalBytes: sizeBytes, bytesPerSecond: null, msLeft: null })
    }
    return progress.get(text) ?? null
  }

  /** `last`: what was shown of it, perhaps before its record was read anew from where it rests. */
  const viewFor = (record: BlobRecord, last?: BlobView): BlobView => {
    const text = keyText(record)
    const phase = phaseNow(text) ?? phaseOf(record)
    const done = progressOf(record)
    const known = views.get(record)
    if (known?.phase === phase && known.progress === done) return known
    const next = viewOf(record, phase, done)
    const kept = last?.progress === done && JSON.stringify(last) === JSON.stringify(next) ? last : next
    views.set(record, kept)
    return kept
  }

  const view = (key: BlobKey): BlobView => {
    const record = roster.get(key)
    return record === undefined || record.trashedAtMs !== null ? viewOfNothing(key) : viewFor(record)
  }

  /** Nothing goes on; what came over stays known where the next attempt goes on from there. */
  const halt = (record: BlobRecord) => {
    const text = keyText(record)
    const done = progress.get(text)
    speeds.delete(text)
    if (record.upload === null && record.download === null) progress.delete(text)
    else if (done !== undefined) progress.set(text, { ...done, bytesPerSecond: null, msLeft: null })
  }

  const list = shownList(roster, viewFor)

  coordinator.on('blob.moved', ({ record, before, phase }) => {
    if (phase !== 'transferring') halt(record)
    touch(record)
    if (handlers.size === 0) return
    const shown = view(record)
    emit('blob.changed', shown)
    if (record.status === 'SYNCED' && before?.status !== 'SYNCED') emit('blob.synced', shown)
    if (record.status === 'FAILED_DOWNLOAD' && before?.status !== 'FAILED_DOWNLOAD') emit('blob.failed', shown)
    if (record.held !== null && before?.held === null) emit('blob.held', shown)
  })
  coordinator.on('blob.gone', ({ record }) => {
    speeds.delete(keyText(record))
    progress.delete(keyText(record))
    touch(record)
    emit('blob.deleted', viewOfNothing(record))
  })
  coordinator.on('blob.crashed', ({ record, error }) => emit('blob.crashed', { blob: view(record), error }))

  return {
    getSnapshot,
    view,
    list,
    emit,
    touch,
    subscribe: (listener: (snapshot: Snapshot) => void) => {
      if (listeners.size === 0) told = getSnapshot()
      return add(listeners, listener)
    },
    on: <Name extends keyof BlobSyncEvents>(name: Name, handler: (event: BlobSyncEvents[Name]) => void) => {
      if (name === 'list.changed' && !handlers.has(name)) toldList = list()
      return addTo<(event: never) => void>(handlers, name, handler)
    },
    observe: (key: BlobKey, observer: () => void) => addTo(observers, keyText(key), observer),
    regions: () => {
      const { counts: _, held: _held, active: _active, bytesHere: _bytes, ...regions } = getSnapshot()
      return regions
    },
    /** Shows these in place of what the coordinator here says. */
    mirror: (regions: Partial<Snapshot>) => {
      regionsElsewhere = regions
      change()
    },
    onProgress: (key: BlobKey, bytes: number, totalBytes: number | null) => {
      const text = keyText(key)
      const speed = speedAt(speeds.get(text) ?? null, bytes, now())
      const msLeft = msLeftAt(speed, totalBytes === null ? null : totalBytes - bytes)
      speeds.set(text, speed)
      const before = progress.get(text)
      // What was cut off in the middle of a segment comes again. None at all says that an upload begins anew.
      const shown = bytes > 0 && before?.totalBytes === totalBytes ? Math.max(bytes, before.bytes) : bytes
      progress.set(text, { bytes: shown, totalBytes, bytesPerSecond: speed.bytesPerSecond, msLeft })
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

const addTo = <A>(sets: Map<string, Set<A>>, name: string, item: A) => {
  const set = sets.get(name) ?? new Set()
  sets.set(name, set)
  const remove = add(set, item)
  return () => {
    remove()
    if (set.size === 0 && sets.get(name) === set) sets.delete(name)
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
    pace: { transfers: context.pace.slots, reason: context.pace.reason },
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
