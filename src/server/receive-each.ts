import * as E from 'fp-ts/Either'
import type { Arrived } from './arrival'
import type { ServerBackend, StoredKey, StreamedUpload } from './backend'
import { announced, forget, receivedMemory, refusalIn, takeIn, type Receiving } from './receive'
import { BodyRefused, type Refusal } from './refusal'
import type { Share } from './shared-memory'

/** Stores what a stream brings, each blob for itself, in one commit: the backend's `putEach`. */
export const receivingEach = (parts: Receiving, shareOfMemory = receivedMemory()): NonNullable<ServerBackend['putEach']> => {
  const { rows, quota, files } = parts

  return (owner, uploads) => async () => {
    const claim = quota.claim(owner.user, owner.quotaBytes)
    const share = shareOfMemory()
    const refusals = new Map<StreamedUpload, Refusal>()
    const held: Held[] = []
    let heldBytes = 0
    let storedBytes = 0

    /** Why a blob is not stored; null: it was taken in. */
    const takeInOne = async (upload: StreamedUpload): Promise<Refusal | null> => {
      const key = { user: owner.user, namespace: upload.namespace, id: upload.id }
      if (upload.refusal !== null) return upload.refusal
      if (rows.has(key)) return existsAs(key)
      const sizeBytes = announced(upload) ?? 0
      try {
        claim.cover(heldBytes + sizeBytes)
        held.push({
          key,
          upload,
          sizeBytes,
          arrived: await takeIn(files, key, upload, memoryFor(parts, share, sizeBytes), () => {}),
        })
        heldBytes += sizeBytes
        return null
      } catch (error) {
        return ofOneAlone(error)
      }
    }

    const takeInAll = async () => {
      try {
        for (const upload of uploads) {
          const refusal = await takeInOne(upload)
          if (refusal === null) continue
          refusals.set(upload, refusal)
          await upload.skip()
        }
      } catch (error) {
        await forget(files, held)
        throw error
      }
    }

    try {
      await takeInAll()
      const late = await commitEach(parts, held)
      for (const { upload, key } of late) refusals.set(upload, existsAs(key))
      storedBytes = held.reduce((bytes, one) => bytes + (late.includes(one) ? 0 : one.sizeBytes), 0)
      await forget(files, late)
      return E.right(uploads.map((upload) => answerOf(refusals.get(upload))))
    } catch (error) {
      return E.left(refusalIn(error))
    } finally {
      claim.settle(storedBytes)
      share.release()
    }
  }
}

/** @returns those for which another request was faster. */
const commitEach = ({ rows, commit }: Receiving, held: readonly Held[]): Promise<readonly Held[]> =>
  commit(() =>
    held.filter(({ key, arrived, upload }) => {
      if (rows.has(key)) return true
      rows.add(key, arrived, upload.flags ?? [])
      return false
    }),
  )

interface Held {
  readonly key: StoredKey
  readonly upload: StreamedUpload
  readonly arrived: Arrived
  readonly sizeBytes: number
}

const answerOf = (refusal: Refusal | undefined): E.Either<Refusal, void> =>
  refusal === undefined ? E.right(undefined) : E.left(refusal)

const existsAs = ({ id }: StoredKey): Refusal => ({ _tag: 'Exists', id })

const memoryFor = ({ inlineBytesMax }: Receiving, share: Share, sizeBytes: number): number =>
  sizeBytes <= inlineBytesMax && share.take(sizeBytes) ? sizeBytes : 0

/** What is wrong with one blob alone. A body that ends early ends in the middle of the next one, too; a full disk is no body's fault. */
const ofOneAlone = (error: unknown): Refusal => {
  if (error instanceof BodyRefused) return error.refusal
  throw error
}
