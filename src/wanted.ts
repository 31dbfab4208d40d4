import { failure, type Failure } from './model/failure'
import type { BlobRecord } from './model/record'
import type { ListedBlob } from './model/wire'
import type { BlobSyncOptions } from './options'

/** Asks the app's policy whether a listed blob is fetched without being asked for. A policy that throws wants nothing, and is reported once per message. */
export const wantedBy = (policy: BlobSyncOptions['download'], report: (reason: Failure) => void) => {
  let told: string | null = null
  return (blob: ListedBlob): boolean => {
    if (typeof policy !== 'function') return policy !== 'onDemand'
    try {
      return policy(blob)
    } catch (thrown) {
      const message = `The option download threw, and the blob waits until it is asked for: ${String(thrown)}`
      if (message !== told) report(failure('Corrupt', message))
      told = message
      return false
    }
  }
}

/**
 * What an earlier run began to wait for and the policy of this one does not want. Pinned and urgent blobs were asked for by the app. Nothing is
 * written: the next run decides anew.
 */
export const heldUnlessWanted =
  (wants: (blob: ListedBlob) => boolean) =>
  (record: BlobRecord): BlobRecord => {
    const { namespace, id, listedBytes, status, held, isPinned, priority } = record
    if (status !== 'PENDING_DOWNLOAD' || held !== null || isPinned || priority === 'urgent') return record
    if (wants({ namespace, id, sizeBytes: listedBytes })) return record
    return { ...record, held: 'onDemand', attempts: 0, dueAtMs: null }
  }
