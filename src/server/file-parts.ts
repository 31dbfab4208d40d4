import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/Either'
import type { Commit } from '../store/group-commit'
import type { PartFiles } from './part-files'
import type { PartRow, PartRows } from './part-rows'
import type { PartialUpload, PartsBackend } from './parts'
import type { PayloadFiles } from './payload-files'
import type { Quota } from './quota'
import { refusalIn } from './receive'
import { BodyRefused, type Refusal } from './refusal'
import { takeInPart } from './take-in-part'
import type { Rows } from './rows'
import type { Owner, StoredKey } from './backend'

export interface FilePartsParts {
  readonly rows: Rows
  readonly partRows: PartRows
  readonly files: PartFiles
  readonly payloads: PayloadFiles
  readonly commit: Commit
  readonly quota: Quota
  readonly expiresMs: number
}

/** Keeps uploads in parts: the file has the bytes, and the row says how many of them are durable. */
export const fileParts = async (parts: FilePartsParts): Promise<PartsBackend> => {
  const { rows, partRows, files, payloads, commit, quota, expiresMs } = parts
  const busy = new Set<string>()

  /** @param mayGo asked of the row as it is in the step that removes it: it may have come further since the caller saw it. */
  const drop = async (uploadId: string, mayGo: (row: PartRow) => boolean = () => true): Promise<boolean> => {
    const gone = await commit(() => {
      const row = partRows.find(uploadId)
      if (row === null || !mayGo(row)) return null
      partRows.remove(uploadId)
      return row
    })
    if (gone === null) return false
    if (gone.file !== null) {
      quota.add(gone.key.user, -gone.sizeBytes)
      await files.remove(gone.file)
    }
    return true
  }

  const dropAll = async (mayGo: (row: PartRow) => boolean): Promise<number> => {
    const isIdle = (row: PartRow) => !busy.has(row.uploadId) && mayGo(row)
    let dropped = 0
    for (const { uploadId } of partRows.all().filter(isIdle)) if (await drop(uploadId, isIdle)) dropped += 1
    return dropped
  }

  const discardExpired = () => dropAll((row) => isExpired(row, expiresMs))

  /** The step by which the blob is there. @returns false if the bytes are not all there. */
  const complete = async (row: PartRow & { readonly file: string }): Promise<boolean> => {
    const tag = await files.publish(row.file, row.sizeBytes)
    if (tag === null) return false
    const { uploadId, key, sizeBytes, file } = row
    const isTaken = await commit(() => {
      if (rows.has(key)) return true
      rows.add(key, { tag, sizeBytes, content: { bytes: null, file } }, [])
      partRows.finish(uploadId, Date.now())
      return false
    })
    if (!isTaken) return true
    await drop(uploadId)
    throw exists(key)
  }

  const take = async (row: PartRow & { readonly file: string }, body: AsyncIterable<Uint8Array>): Promise<number> => {
    if (rows.has(row.key)) {
      await drop(row.uploadId)
      throw exists(row.key)
    }
    const file = row.offset === row.sizeBytes ? null : await files.open(row.file, row.offset)
    const note = (offset: number) => commit(() => partRows.moveTo(row.uploadId, offset, Date.now()))
    const offset = file === null ? row.offset : await takeInPart(file, row, body, note)
    const isWhole = offset === row.sizeBytes
    if (isWhole ? await complete(row) : file !== null) return offset
    // Someone took bytes from under it.
    await drop(row.uploadId)
    throw new BodyRefused({ _tag: 'Missing', id: row.key.id })
  }

  const claim = async ({ user, quotaBytes }: Owner, key: StoredKey, sizeBytes: number) => {
    const claiming = quota.claim(user, quotaBytes)
    try {
      claiming.cover(sizeBytes)
    } catch {
      await discardExpired()
      // Whoever lost the answer to a creation asks again; what it began for the same blob must not stand in its way.
      await dropAll((row) => row.offset === 0 && row.file !== null && isSame(row.key, key))
      claiming.cover(sizeBytes)
    }
    return claiming
  }

  for (const row of partRows.all()) {
    if (row.file === null) continue
    quota.add(row.key.user, row.sizeBytes)
    // A crash came before the commit. If another blob is there by now, this one is dropped.
    if (row.offset === row.sizeBytes) await complete({ ...row, file: row.file }).catch(ifRefused)
  }
  await files.sweep(partRows.isNamed)

  return {
    expiresMs,

    create: (owner, { namespace, id, sizeBytes }) =>
      refusing(async () => {
        const key = { user: owner.user, namespace, id }
        if (rows.has(key)) throw exists(key)
        const claimed = await claim(owner, key, sizeBytes)
        const uploadId = randomBytes(16).toString('hex')
        const row = { uploadId, key, sizeBytes, offset: 0, file: payloads.nameFor(key), changedAtMs: Date.now() }
        try {
          await commit(() => partRows.add(row))
        } catch (error) {
          claimed.settle(0)
          throw error
        }
        return row
      }),

    find: async (user, uploadId) => {
      const row = partRows.find(uploadId)
      return row?.key.user === user ? row : null
    },

    append: ({ uploadId, key }, body) =>
      refusing(async () => {
        const row = partRows.find(uploadId)
        if (row === null) throw new BodyRefused({ _tag: 'Missing', id: key.id })
        if (row.file === null) return row.sizeBytes
        busy.add(uploadId)
        try {
          return await take({ ...row, file: row.file }, body)
        } finally {
          busy.delete(uploadId)
        }
      }),

    discard: async ({ uploadId }) => {
      await drop(uploadId)
    },

    discardExpired,
  }
}

const isExpired = ({ changedAtMs }: PartialUpload, expiresMs: number) => changedAtMs + expiresMs <= Date.now()

const isSame = (a: StoredKey, b: StoredKey) => a.user === b.user && a.namespace === b.namespace && a.id === b.id

const exists = ({ id }: StoredKey) => new BodyRefused({ _tag: 'Exists', id })

const ifRefused = (error: unknown) => void refusalIn(error)

const refusing =
  <A>(work: () => Promise<A>) =>
  async (): Promise<E.Either<Refusal, A>> => {
    try {
      return E.right(await work())
    } catch (error) {
      return E.left(refusalIn(error))
    }
  }
