import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { payloadOf } from './content'
import { getOrThrow, orThrow, type Engine } from './engine'
import { failure, type Failure } from './model/failure'
import { blobKey, newBlobKey } from './model/ids'
import { newRecord, SMALL_BYTES_MAX, type BlobRecord } from './model/record'
import { BlobSyncError, type BlobSync } from './options'
import { sameAs } from './same-content'

/** Stores a blob and lets the coordinator know; content that is there under its id already is no error. */
export const put =
  ({ store, cipher, clock, coordinator, tools, tabs, shown, opened, add, takeIn }: Engine): BlobSync['put'] =>
  async (content, given = {}) => {
    await opened()
    const payload = await getOrThrow(payloadOf(content))
    if (payload.sizeBytes > cipher.plaintextBytesMax) {
      const reason = `A blob has at most ${cipher.plaintextBytesMax} bytes with this cipher; this one has ${payload.sizeBytes}.`
      throw new BlobSyncError(failure('TooLarge', reason))
    }
    const namespace = orThrow(blobKey('x', given.namespace)).namespace
    const isNamedByContent = given.id === 'content'
    const id = isNamedByContent ? await getOrThrow(cipher.contentId(namespace, payload)) : (given.id ?? crypto.randomUUID())
    const key = orThrow(newBlobKey(id, namespace))
    const seal = await cipher.seal()
    const isPaused = coordinator.getSnapshot().value.transfers === 'paused'
    /** Bytes that are known from the remote only nobody has verified: what is named by its content may come in their place. */
    const mayReplace = (existing: BlobRecord) =>
      existing.trashedAtMs !== null || existing.erasedAtMs !== null || (isNamedByContent && isNotHere(existing))
    const record = newRecord({
      ...key,
      status: 'PENDING_UPLOAD',
      held: given.localOnly === true ? 'localOnly' : null,
      priority: given.priority ?? 'medium',
      sizeBytes: payload.sizeBytes,
      isHere: true,
      isPinned: given.isPinned ?? false,
      seal,
      uploadWasTried: given.localOnly !== true && !isPaused,
      changedAtMs: clock.now(),
    })
    const write: TE.TaskEither<Failure, BlobRecord> = async () => {
      let stays: BlobRecord | null = null
      const written = await add(record, payload, (existing) => {
        stays = mayReplace(existing) ? null : existing
        return stays === null
      })()
      if (E.isLeft(written)) return written
      if (stays === null) takeIn(record)
      else if (!isNamedByContent || written.right.status === 'PENDING_DELETE') return sameAs(store, written.right, payload)()
      return written
    }
    // Many that are put at once reach the disk together: each alone would wait for a sync of its own.
    const isSmall = payload.sizeBytes <= SMALL_BYTES_MAX
    await getOrThrow(tabs === null ? tools.inTurn([key], write, isSmall) : tabs.inTurn(key, write, isSmall), key)
    const view = shown.view(key)
    shown.emit('blob.added', view)
    return view
  }

const isNotHere = ({ isHere, status }: BlobRecord): boolean => !isHere && status !== 'PENDING_DELETE'
