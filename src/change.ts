import * as E from 'fp-ts/Either'
import { atRest } from './actors/tools'
import { withoutBeginning } from './beginnings'
import { getOrThrow, type Engine } from './engine'
import { failure, type Failure } from './model/failure'
import { keyText } from './model/ids'
import type { BlobRecord } from './model/record'
import { BlobSyncError, type BlobSync } from './options'
import { until } from './sync-round'

/** Deletes here and marks it for the remote; what rests in the trash is gone at once. */
export const remove =
  ({ roster, store, coordinator, tools, markFailed, closing, send, knownOrThrow }: Engine): BlobSync['delete'] =>
  async (id, given = {}) => {
    const { key, record } = await knownOrThrow(id, given.namespace)
    if (record.status === 'PENDING_DELETE') return
    if (record.trashedAtMs !== null) {
      await getOrThrow(tools.inTurn([key], store.remove([key])), key)
      send({ type: 'blob.gone', record })
      return
    }
    let reason: Failure | null = null
    const failed = new AbortController()
    markFailed.set(keyText(key), (why) => {
      reason = why
      // One that was called off, because the blob was put meanwhile, moves no chart.
      failed.abort()
    })
    send({ type: 'blob.commanded', key, command: { type: 'blob.deleted' } })
    const isMarked = () => roster.get(key) === undefined || roster.get(key)?.status === 'PENDING_DELETE'
    try {
      await until(coordinator, isMarked, AbortSignal.any([closing, failed.signal]))
    } catch (error) {
      throw reason === null ? error : new BlobSyncError(reason, key)
    } finally {
      markFailed.delete(keyText(key))
    }
  }

/** Takes a blob out of the trash, to be uploaded again. */
export const restore =
  ({ cipher, clock, knownOrThrow, revise }: Engine): BlobSync['restore'] =>
  async (id, given = {}) => {
    const seal = await cipher.seal()
    const { key, record } = await knownOrThrow(id, given.namespace)
    if (record.trashedAtMs === null) throw new BlobSyncError(failure('NotFound', `“${id}” is not in the trash.`), key)
    const changes = { status: 'PENDING_UPLOAD', trashedAtMs: null, tag: null, missingSinceMs: null } as const
    await revise({ ...atRest(record, changes, clock.now()), seal: record.seal ?? seal })
  }

/** Settles a conflict. */
export const resolve =
  ({ remote, clock, knownOrThrow, revise }: Engine): BlobSync['resolve'] =>
  async (id, choice, given = {}) => {
    const { key, record } = await knownOrThrow(id, given.namespace)
    if (record.held !== 'conflict') throw new BlobSyncError(failure('NotFound', `“${id}” is in no conflict.`), key)
    if (choice === 'mine') {
      const removed = await remote.delete(key)()
      if (E.isLeft(removed) && removed.left._tag !== 'NotFound') throw new BlobSyncError(removed.left, key)
    }
    await revise(atRest(record, choice === 'mine' ? {} : { status: 'PENDING_DOWNLOAD' }, clock.now()))
  }

/** Gives blobs that wait, are held or have failed another attempt now. */
export const retry =
  ({ roster, send, inOrder, opened, knownOrThrow, amend, clock }: Engine): BlobSync['retry'] =>
  async (id, given = {}) => {
    await opened()
    const wanted =
      id === undefined ? [...roster.restless()].filter(mayBeRetried) : [(await knownOrThrow(id, given.namespace)).record]
    for (const record of wanted) {
      if (record.held === 'onDemand') {
        await getOrThrow(
          amend(record, (found) => askedFor(found, clock.now())),
          record,
        )
        continue
      }
      const key = { namespace: record.namespace, id: record.id }
      send({ type: 'blob.commanded', key, command: { type: 'blob.retried' } })
    }
    // The commands have queued their writes; a turn after these is one after them.
    await inOrder(wanted.map(keyText), () => Promise.resolve())
  }

export const setPriority =
  ({ send, inOrder, knownOrThrow }: Engine): BlobSync['setPriority'] =>
  async (id, priority, given = {}) => {
    const { key } = await knownOrThrow(id, given.namespace)
    send({ type: 'blob.commanded', key, command: { type: 'blob.prioritised', priority } })
    await inOrder([keyText(key)], () => Promise.resolve())
  }

/** Pins a blob to this device, or no longer; what waits to be asked for is asked for by that. */
export const setPinned =
  ({ amend, clock, knownOrThrow }: Engine): BlobSync['setPinned'] =>
  async (id, isPinned, given = {}) => {
    const { key } = await knownOrThrow(id, given.namespace)
    const pin = (record: BlobRecord) => {
      if (record.isPinned === isPinned) return null
      const pinned = { ...record, isPinned }
      return isPinned && record.held === 'onDemand' ? askedFor(pinned, clock.now()) : pinned
    }
    await getOrThrow(amend(key, pin), key)
  }

/** Frees the room of one blob; of one that waits, that of what was kept of its download. */
export const evict =
  ({ roster, amend, evictNow, knownOrThrow }: Engine): BlobSync['evict'] =>
  async (id, given = {}) => {
    const { key, record } = await knownOrThrow(id, given.namespace)
    if (record.status !== 'PENDING_DOWNLOAD' || record.isHere) await getOrThrow(evictNow(record), key)
    else if (!roster.inPhase.transferring.has(keyText(key))) await getOrThrow(amend(key, withoutBeginning), key)
  }

/** A download that the app asked for; the mark of that is its priority. */
const askedFor = (record: BlobRecord, nowMs: number): BlobRecord | null =>
  record.status === 'PENDING_DOWNLOAD' ? atRest(record, { priority: 'urgent', download: record.download }, nowMs) : null

const mayBeRetried = (record: BlobRecord): boolean =>
  record.status === 'FAILED_DOWNLOAD' ||
  record.dueAtMs !== null ||
  record.held === 'forbidden' ||
  record.held === 'tooLarge' ||
  record.held === 'corrupt'
