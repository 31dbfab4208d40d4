import type { ActorRefFrom } from 'xstate'
import type { coordinatorMachine, Roster } from '../machines'
import { failure, type Failure } from './model/failure'
import type { Listed } from './model/outcome'
import { isActive, type Status } from './model/record'
import { BlobSyncError, type BlobRef, type BlobTrouble, type SyncOptions, type SyncReport } from './options'

type Coordinator = ActorRefFrom<typeof coordinatorMachine>

/** Whether anything is under way or could start now without help from outside. */
export const canProgress = (coordinator: Coordinator, roster: Roster): boolean => {
  const { value } = coordinator.getSnapshot()
  if (value.access === 'refreshing' || value.reconciliation === 'recalling' || value.reconciliation === 'listing') return true
  const isShut = value.access === 'denied' || value.connectivity === 'offline' || value.pace === 'slowed'
  const isPaused = value.transfers === 'paused'
  const { transferring, marking, entering, queued } = roster.inPhase
  if (transferring.size + marking.size + entering.size > 0) return true
  if (isShut) return false
  if (isPaused) return roster.wanted.size > 0
  if (value.room === 'probing') return true
  const mayGo = (status: Status | undefined) =>
    status !== undefined &&
    !(status === 'PENDING_UPLOAD' && value.quota === 'exhausted') &&
    !(status === 'PENDING_DOWNLOAD' && value.room === 'full')
  for (const key of queued) if (mayGo(roster.byText(key)?.status)) return true
  return roster.nextReady(mayGo) !== undefined
}

/** Whether nothing goes on until the app does something, or nothing is left to do. */
export const isAtRest = (coordinator: Coordinator, roster: Roster): boolean => {
  if (canProgress(coordinator, roster)) return false
  const { value } = coordinator.getSnapshot()
  return roster.tally.active === 0 || value.access === 'denied' || value.transfers === 'paused' || value.room === 'full'
}

/** Resolves at the first state of the coordinator for which `isSo` holds. Rejects as `Aborted` when the signal fires or the coordinator ends. */
export const until = (coordinator: Coordinator, isSo: () => boolean, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      subscription.unsubscribe()
      signal?.removeEventListener('abort', abort)
      settle()
    }
    const abort = () => end(() => reject(new BlobSyncError(failure('Aborted', 'The app called it off, or blobsync was closed.'))))
    const subscription = coordinator.subscribe({ next: () => isSo() && end(resolve), complete: abort })
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true || coordinator.getSnapshot().status !== 'active') abort()
    else if (isSo()) end(resolve)
  })

/** One round of `sync`: asks for the list, follows every blob until all are at rest, and tells what happened. */
export const syncRound = async (coordinator: Coordinator, roster: Roster, options: SyncOptions): Promise<SyncReport> => {
  const wait = options.wait ?? true
  const done = { uploaded: [] as BlobRef[], downloaded: [] as BlobRef[], deleted: [] as BlobRef[] }
  let listed: Listed | null = null
  let listFailure: Failure | null = null
  // A listing that is under way began before it was asked for; the one after it counts.
  let listingsToCome = coordinator.getSnapshot().value.reconciliation === 'listing' ? 2 : 1
  const subscriptions = [
    coordinator.on('blob.moved', ({ record, before }) => {
      const ref = { namespace: record.namespace, id: record.id }
      if (record.status === 'SYNCED' && before?.status === 'PENDING_UPLOAD') done.uploaded.push(ref)
      if (record.status === 'SYNCED' && before?.status === 'PENDING_DOWNLOAD') done.downloaded.push(ref)
      if (record.erasedAtMs !== null && before?.erasedAtMs === null) done.deleted.push(ref)
    }),
    coordinator.on('remote.compared', ({ comparison }) => {
      listingsToCome -= 1
      listed = comparison.report
      listFailure = null
    }),
    coordinator.on('list.failed', ({ failure }) => {
      // One that was under way before has failed: whatever is listed next began after it was asked for.
      listingsToCome = 1
      listFailure = failure
    }),
  ]
  try {
    coordinator.send({ type: 'sync.requested' })
    const isDenied = () => coordinator.getSnapshot().value.access === 'denied'
    await until(
      coordinator,
      () =>
        listingsToCome <= 0 ||
        (listFailure !== null && coordinator.getSnapshot().value.access !== 'refreshing' && (!wait || isDenied())),
      options.signal,
    )
    if (!wait) coordinator.send({ type: 'backoff.waived' })
    const isOver = wait ? () => isAtRest(coordinator, roster) : () => !canProgress(coordinator, roster)
    await until(coordinator, isOver, options.signal)
    return report(roster, done, listed, listFailure)
  } finally {
    for (const subscription of subscriptions) subscription.unsubscribe()
  }
}

const report = (
  roster: Roster,
  done: Pick<SyncReport, 'uploaded' | 'downloaded' | 'deleted'>,
  listed: Listed | null,
  listFailure: Failure | null,
): SyncReport => {
  const failed: BlobTrouble[] = []
  const held: BlobTrouble[] = []
  const waiting: BlobTrouble[] = []
  for (const key of roster.open) {
    const record = roster.byText(key)
    if (record === undefined || record.trashedAtMs !== null) continue
    const trouble = { namespace: record.namespace, id: record.id, held: record.held, failure: record.failure }
    if (record.status === 'FAILED_DOWNLOAD') failed.push(trouble)
    else if (record.held !== null) held.push(trouble)
    else if (isActive(record)) waiting.push(trouble)
  }
  const refsOf = (kinds: readonly string[]) =>
    (listed?.changes ?? []).flatMap((change) =>
      kinds.includes(change.kind) && change.before !== null ? [{ namespace: change.before.namespace, id: change.before.id }] : [],
    )
  return {
    ...done,
    trashed: refsOf(['trash']),
    missing: refsOf(['missing', 'upload']),
    failed,
    held,
    waiting,
    corrupt: listed?.corrupt ?? [],
    failure: listFailure,
    removalsToConfirm: listed?.removalsToConfirm ?? 0,
  }
}
