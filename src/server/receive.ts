import * as E from 'fp-ts/Either'
import type { BlobId } from '../model/ids'
import type { Commit } from '../store/group-commit'
import { arrival, type Arrived } from './arrival'
import type { ServerBackend, StoredKey, Upload } from './backend'
import type { PayloadFiles } from './payload-files'
import type { Quota } from './quota'
import { BodyRefused, type Refusal } from './refusal'
import type { Rows } from './rows'
import { sharedMemory, type Share } from './shared-memory'

export interface Receiving {
  readonly rows: Rows
  readonly files: PayloadFiles
  readonly commit: Commit
  readonly quota: Quota
  /** Larger payloads get files of their own. */
  readonly inlineBytesMax: number
}

/** Small payloads wait for their commit in memory while all requests together hold no more than this; otherwise in files. */
const HELD_BYTES_MAX = 64 * 1024 * 1024

export const receivedMemory = () => sharedMemory(HELD_BYTES_MAX)

/** Stores what uploads bring, all of them or none, in one commit: the backend's `put`. */
export const receiving = (parts: Receiving, shareOfMemory = receivedMemory()): ServerBackend['put'] => {
  const { rows, quota } = parts

  return (owner, uploads) => async () => {
    const parcels = uploads.map((upload) => ({ upload, key: { user: owner.user, namespace: upload.namespace, id: upload.id } }))
    const claim = quota.claim(owner.user, owner.quotaBytes)
    const share = shareOfMemory()
    let receivedBytes = 0
    let storedBytes = 0
    try {
      const taken = takenIn(rows, parcels)
      if (taken !== null) throw exists(taken)
      claim.cover(uploads.reduce((bytes, upload) => bytes + (announced(upload) ?? 0), 0))
      const arrivals = await takeAllIn(parts, parcels, share, (bytes) => claim.cover((receivedBytes += bytes)))
      await commitAll(parts, arrivals)
      storedBytes = receivedBytes
      return E.right(undefined)
    } catch (error) {
      return E.left(refusalIn(error))
    } finally {
      claim.settle(storedBytes)
      share.release()
    }
  }
}

export interface Parcel {
  readonly key: StoredKey
  readonly upload: Upload
}

interface Arrival extends Parcel {
  readonly arrived: Arrived
}

export const announced = ({ sizeBytes, prefix }: Upload) => (sizeBytes === null ? null : sizeBytes + (prefix?.sizeBytes ?? 0))

const takenIn = (rows: Rows, parcels: readonly Parcel[]): BlobId | null =>
  parcels.find(({ key }) => rows.has(key))?.key.id ?? null

export const exists = (id: BlobId) => new BodyRefused({ _tag: 'Exists', id })

const takeAllIn = async (
  { files, inlineBytesMax }: Receiving,
  parcels: readonly Parcel[],
  share: Share,
  count: (bytes: number) => void,
): Promise<readonly Arrival[]> => {
  const arrivals: Arrival[] = []
  try {
    for (const { key, upload } of parcels) {
      const mostBytes = announced(upload) ?? inlineBytesMax
      const isHeld = mostBytes <= inlineBytesMax && share.take(mostBytes)
      arrivals.push({ key, upload, arrived: await takeIn(files, key, upload, isHeld ? mostBytes : 0, count) })
    }
    return arrivals
  } catch (error) {
    await forget(files, arrivals)
    throw error
  }
}

export const takeIn = async (
  files: PayloadFiles,
  key: StoredKey,
  { body, prefix }: Upload,
  memoryBytes: number,
  count: (bytes: number) => void,
): Promise<Arrived> => {
  const arriving = arrival(files, memoryBytes, prefix?.sizeBytes ?? 0)
  let bodyBytes = 0
  try {
    count(prefix?.sizeBytes ?? 0)
    for await (const piece of body) {
      bodyBytes += piece.length
      count(piece.length)
      await arriving.append(piece)
    }
    return await arriving.finish(key, prefix?.bytes(bodyBytes) ?? new Uint8Array())
  } finally {
    await arriving.discard()
  }
}

const commitAll = async ({ rows, files, commit }: Receiving, arrivals: readonly Arrival[]) => {
  const taken = await commit(() => {
    // Another request may have been faster for one of them.
    const first = takenIn(rows, arrivals)
    if (first === null) arrivals.forEach(({ key, arrived, upload }) => rows.add(key, arrived, upload.flags ?? []))
    return first
  })
  if (taken === null) return
  await forget(files, arrivals)
  throw exists(taken)
}

export const forget = async (files: PayloadFiles, arrivals: readonly Pick<Arrival, 'arrived'>[]) => {
  for (const { arrived } of arrivals) if (arrived.content.file !== null) await files.remove(arrived.content.file)
}

/** What a client may hear of; anything else is thrown on. */
export const refusalIn = (error: unknown): Refusal => {
  if (error instanceof BodyRefused) return error.refusal
  if (isDiskFull(error)) return { _tag: 'DiskFull' }
  throw error
}

const SQLITE_FULL = 13

const isDiskFull = (error: unknown) =>
  error instanceof Error &&
  (('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) ||
    ('errcode' in error && error.errcode === SQLITE_FULL))
