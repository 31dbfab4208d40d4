import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { getOrThrow, type Engine } from './engine'
import { failure, type Failure } from './model/failure'
import { keyText, type BlobKey } from './model/ids'
import { newRecord, type BlobRecord } from './model/record'
import { BlobSyncError, type BlobSync } from './options'
import { until } from './sync-round'

/** Blobs that are being fetched now: for how many, and what was known of each before. */
type AskedFor = Map<string, { callers: number; before: BlobRecord | undefined }>

/** How often a blob is fetched that is evicted again before it was read. */
const FETCHES_MAX = 3

/** A use is written at most this often, so that reading costs no write. */
const USE_MS = 60 * 60_000

/** Sees to it that the payload is here; throws the first failure. */
export type Fetch = (key: BlobKey, signal?: AbortSignal) => Promise<void>

/** Gives a blob from here, or fetches it first. */
export const get = (engine: Engine, fetch: Fetch): BlobSync['get'] => {
  const { roster, store, tools, known } = engine
  return async (id, given = {}) => {
    const { key } = await known(id, given.namespace)
    const open = async (held: BlobRecord): Promise<Blob | null> => {
      if (held.isExternal && given.external !== true) {
        const reason = 'Someone else encrypted this blob; nobody verified it. Ask for it as external to have it as it is.'
        throw new BlobSyncError(failure('Forbidden', reason), key)
      }
      noteUse(engine, held)
      // Opened in the same turn: after it, the payload may be evicted.
      const opened = pipe(
        store.read(key),
        TE.chain((payload) => (O.isNone(payload) ? TE.right(null) : payload.value.blob())),
      )
      return getOrThrow(tools.inTurn([key], opened), key)
    }
    for (let fetches = 0; fetches <= FETCHES_MAX; fetches += 1) {
      const record = roster.get(key)
      if (record === undefined && fetches > 0) break
      if (record !== undefined) {
        throwIfUnreadable(record)
        if (isReadable(record)) {
          const payload = await open(record)
          if (payload !== null) return payload
          if (record.status === 'PENDING_UPLOAD')
            throw new BlobSyncError(failure('Corrupt', `The payload of “${id}” is gone.`), key)
        }
      }
      if (fetches < FETCHES_MAX) await fetch(key, given.signal)
    }
    throw new BlobSyncError(failure('NotFound', `The blob “${id}” was deleted meanwhile.`), key)
  }
}

const throwIfUnreadable = (record: BlobRecord): void => {
  if (record.status === 'FAILED_DOWNLOAD') {
    throw new BlobSyncError(record.failure ?? failure('Tampered', 'What the remote gave did not verify.'), record)
  }
  if (record.status === 'PENDING_DELETE' || record.trashedAtMs !== null) {
    throw new BlobSyncError(failure('NotFound', `The blob “${record.id}” is deleted.`), record)
  }
}

const isReadable = ({ isHere, status }: BlobRecord): boolean => isHere && status !== 'PENDING_DOWNLOAD'

/** As a fetch that another tab asks for, which may know less of the blob. */
export const fetchForOthers =
  ({ roster, store }: Engine, fetch: Fetch): Fetch =>
  async (key, signal) => {
    const record = roster.get(key)
    if (record !== undefined) {
      throwIfUnreadable(record)
      if (isReadable(record) && O.isSome(await getOrThrow(store.read(key), key))) return
    }
    await fetch(key, signal)
  }

/** A tab that does not lead tells the one that does, which evicts. */
export const noteUse = ({ room, amend, clock, report, tabs, isFollower }: Engine, record: BlobRecord) => {
  if (!room.evicts) return
  if (isFollower()) return void tabs?.ask('used', [record.id, record.namespace]).catch(() => {})
  room.noteUse(record)
  const usedAtMs = clock.now()
  if (usedAtMs - Math.max(record.usedAtMs ?? 0, record.changedAtMs) < USE_MS) return
  void amend(record, (found) => (found.status === 'SYNCED' ? { ...found, usedAtMs } : null))().then((written) => {
    if (E.isLeft(written)) report(written.left)
  })
}

/** Fetches blobs before all others. */
export const fetchNow = (engine: Engine): Fetch => {
  const { clock, roster, coordinator, store, tools, send, room } = engine
  const askedFor: AskedFor = new Map()
  return async (key, signal) => {
    const text = keyText(key)
    // Not what was known before: it may have been evicted while its turn came.
    const record = roster.get(key)
    const asked = askedFor.get(text) ?? { callers: 0, before: record }
    asked.callers += 1
    askedFor.set(text, asked)
    const base = record ?? newRecord({ ...key, status: 'PENDING_DOWNLOAD', changedAtMs: clock.now() })
    const wanted: BlobRecord = { ...base, status: 'PENDING_DOWNLOAD', priority: 'urgent', held: null, dueAtMs: null }
    let reason: Failure | null = null
    let isOver = false
    const subscriptions = [
      coordinator.on('blob.moved', (event) => {
        if (keyText(event.record) !== text) return
        const isPassing = event.failure?._tag === 'Unauthorized' || event.failure?._tag === 'Aborted'
        if (event.failure !== null && !isPassing) reason = event.failure
        // It came, or is something else by now: deleted, or put anew.
        if (event.record.status !== 'PENDING_DOWNLOAD') isOver = true
      }),
      coordinator.on('blob.gone', (event) => {
        if (keyText(event.record) === text) reason = failure('NotFound', `The blob “${key.id}” was deleted meanwhile.`)
      }),
    ]
    try {
      const { value } = coordinator.getSnapshot()
      if (value.connectivity === 'offline') throw new BlobSyncError(failure('Unreachable', 'The device is offline.'), key)
      if (value.room === 'full' && room.canTell) send({ type: 'room.changed' })
      const phase = roster.live.get(text)?.phase
      // A living actor first: told after it has a slot, it would begin once more.
      if (phase !== undefined && phase !== 'transferring')
        send({ type: 'blob.commanded', key, command: { type: 'blob.revised', record: wanted } })
      // One that transfers already leaves its slot to nobody from now on.
      if (phase === 'transferring' && roster.get(key)?.status === 'PENDING_DOWNLOAD')
        send({ type: 'blob.commanded', key, command: { type: 'blob.prioritised', priority: 'urgent' } })
      // It is wanted as well, so that a pause leaves it alone.
      send({ type: 'blob.wanted', record: roster.live.has(text) ? (roster.get(key) ?? wanted) : wanted })
      const isDenied = () => coordinator.getSnapshot().value.access === 'denied'
      const isFull = () => coordinator.getSnapshot().value.room === 'full'
      await until(coordinator, () => reason !== null || isOver || isDenied() || isFull(), signal)
      if (reason === null && isDenied()) reason = failure('Unauthorized', 'The remote does not take the token.')
      if (reason === null && isFull()) reason = failure('StorageFull', 'This device has no room left.')
      if (reason !== null) throw new BlobSyncError(reason, key)
    } finally {
      for (const subscription of subscriptions) subscription.unsubscribe()
      asked.callers -= 1
      if (asked.callers === 0) {
        askedFor.delete(text)
        send({ type: 'blob.unwanted', key })
      }
      const left = roster.get(key)
      if (asked.callers === 0 && left?.status === 'PENDING_DOWNLOAD') {
        if (asked.before === undefined) {
          // It was only asked for: nothing of it is remembered.
          await tools.inTurn([key], async () => {
            // It may have been put before its turn came, or be asked for again.
            const again = askedFor.get(text)
            if (again !== undefined) again.before = undefined
            if (again !== undefined || roster.get(key)?.status !== 'PENDING_DOWNLOAD') return E.right(undefined)
            const removed = await store.remove([key])()
            send({ type: 'blob.gone', record: left })
            return removed
          })()
        } else if (asked.before.held === 'onDemand' && left.held === null) await waitAgain(engine, asked.before, left)
      }
    }
  }
}

/** Lets a blob that was asked for and did not come wait on demand as before: the app knows, and asks again. */
const waitAgain = async ({ amend, report }: Engine, before: BlobRecord, { failure: reason }: BlobRecord) => {
  const written = await amend(before, (found) =>
    found.status === 'PENDING_DOWNLOAD' && !found.isPinned
      ? { ...found, held: 'onDemand', priority: before.priority, attempts: 0, dueAtMs: null, failure: reason }
      : null,
  )()
  if (E.isLeft(written)) report(written.left)
}
