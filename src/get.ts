import * as O from 'fp-ts/Option'
import { getOrThrow, type Engine } from './engine'
import { failure, type Failure } from './model/failure'
import { keyText, type BlobKey } from './model/ids'
import { newRecord, type BlobRecord } from './model/record'
import { BlobSyncError, type BlobSync } from './options'
import { until } from './sync-round'

/** Blobs that are being fetched now, and for how many; `isNew`: nothing is to be remembered of them unless they come. */
type AskedFor = Map<string, { callers: number; readonly isNew: boolean }>

/** Gives a blob from here, or fetches it first. */
export const get = (engine: Engine): BlobSync['get'] => {
  const { roster, store, tools, known } = engine
  const fetch = fetchNow(engine, new Map())
  return async (id, given = {}) => {
    const { key, record } = await known(id, given.namespace)
    const open = async (held: BlobRecord): Promise<Blob | null> => {
      if (held.isExternal && given.external !== true) {
        const reason = 'Someone else encrypted this blob; nobody verified it. Ask for it as external to have it as it is.'
        throw new BlobSyncError(failure('Forbidden', reason), key)
      }
      const payload = await getOrThrow(tools.inTurn([key], store.read(key)), key)
      return O.isNone(payload) ? null : getOrThrow(payload.value.blob(), key)
    }
    if (record !== undefined) {
      if (record.status === 'FAILED_DOWNLOAD') {
        throw new BlobSyncError(record.failure ?? failure('Tampered', 'What the remote gave did not verify.'), key)
      }
      if (record.status === 'PENDING_DELETE' || record.trashedAtMs !== null) {
        throw new BlobSyncError(failure('NotFound', `The blob “${id}” is deleted.`), key)
      }
      if (record.isHere && record.status !== 'PENDING_DOWNLOAD') {
        const payload = await open(record)
        if (payload !== null) return payload
        if (record.status === 'PENDING_UPLOAD')
          throw new BlobSyncError(failure('Corrupt', `The payload of “${id}” is gone.`), key)
      }
    }
    await fetch(key, record, given.signal)
    const fetched = roster.get(key)
    const payload = fetched === undefined ? null : await open(fetched)
    if (payload === null) throw new BlobSyncError(failure('NotFound', `The blob “${id}” was deleted meanwhile.`), key)
    return payload
  }
}

/** Fetches one blob before all others; throws the first failure. */
const fetchNow =
  ({ clock, roster, coordinator, store, tools, send }: Engine, askedFor: AskedFor) =>
  async (key: BlobKey, record: BlobRecord | undefined, signal?: AbortSignal) => {
    const text = keyText(key)
    const asked = askedFor.get(text) ?? { callers: 0, isNew: record === undefined }
    asked.callers += 1
    askedFor.set(text, asked)
    const base = record ?? newRecord({ ...key, status: 'PENDING_DOWNLOAD', changedAtMs: clock.now() })
    const wanted: BlobRecord = { ...base, status: 'PENDING_DOWNLOAD', priority: 'urgent', held: null, dueAtMs: null }
    let reason: Failure | null = null
    let isThere = false
    const subscriptions = [
      coordinator.on('blob.moved', (event) => {
        if (keyText(event.record) !== text) return
        const isPassing = event.failure?._tag === 'Unauthorized' || event.failure?._tag === 'Aborted'
        if (event.failure !== null && !isPassing) reason = event.failure
        if (event.record.status === 'SYNCED') isThere = true
      }),
      coordinator.on('blob.gone', (event) => {
        if (keyText(event.record) === text) reason = failure('NotFound', `The blob “${key.id}” was deleted meanwhile.`)
      }),
    ]
    try {
      const { value } = coordinator.getSnapshot()
      if (value.connectivity === 'offline') throw new BlobSyncError(failure('Unreachable', 'The device is offline.'), key)
      const phase = roster.live.get(text)?.phase
      // A living actor first: told after it has a slot, it would begin once more.
      if (phase !== undefined && phase !== 'transferring')
        send({ type: 'blob.commanded', key, command: { type: 'blob.revised', record: wanted } })
      // One that transfers already is wanted as well, so that a pause leaves it alone.
      send({ type: 'blob.wanted', record: roster.live.has(text) ? (roster.get(key) ?? wanted) : wanted })
      const isDenied = () => coordinator.getSnapshot().value.access === 'denied'
      const isFull = () => coordinator.getSnapshot().value.room === 'full'
      await until(coordinator, () => reason !== null || isThere || isDenied() || isFull(), signal)
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
      if (asked.callers === 0 && asked.isNew && left?.status === 'PENDING_DOWNLOAD') {
        // It was only asked for: nothing of it is remembered.
        send({ type: 'blob.gone', record: left })
        await tools.inTurn([key], store.remove([key]))()
      }
    }
  }
