import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import { databasePath, openFileDatabase, type FileDatabase, type Payload } from './file-database'
import { isAbsent, isFull, storageFailure } from './file-failure'
import type { FileLayer } from './file-layer'
import { takeFileLock } from './file-lock'
import { openPayloadFiles, type PayloadFiles } from './file-payloads'
import { groupCommit, type Commit } from './group-commit'

/** The folder of a file store, open and locked. */
export interface FileHome {
  readonly database: FileDatabase
  readonly files: PayloadFiles
  readonly commit: Commit
  /** What discards each staging that has not ended. */
  readonly stagings: Set<() => Promise<void>>
  readonly close: () => Promise<void>
}

/** Locks and opens a folder, makes what is missing in it, and removes what a crash left behind. */
export const openFileHome = async (directory: string, layer: FileLayer): Promise<E.Either<Failure, FileHome>> =>
  attempt(`Opening the store at ${directory}`, async () => {
    await layer.makeFolder(directory)
    const lock = takeFileLock(directory, layer)
    if (E.isLeft(lock)) return lock
    try {
      const database = openFileDatabase(directory, layer)
      try {
        const files = await openPayloadFiles(directory, layer, database.fileNames())
        const stagings = new Set<() => Promise<void>>()
        const log = await layer.openLog(databasePath(directory))
        // The names of the database, its log and the folders.
        await layer.syncFolder(directory)
        const close = async () => {
          await Promise.all([...stagings].map((discard) => discard()))
          try {
            await log.close()
            database.close()
          } finally {
            lock.right.release()
          }
        }
        return E.right({ database, files, commit: groupCommit({ transact: database.transact, sync: log.sync }), stagings, close })
      } catch (error) {
        database.close()
        throw error
      }
    } catch (error) {
      lock.right.release()
      throw error
    }
  })

/** Runs what may throw errors of the system, and turns them into failures. */
export const attempt = async <A>(
  what: string,
  run: () => E.Either<Failure, A> | Promise<E.Either<Failure, A>>,
): Promise<E.Either<Failure, A>> => {
  try {
    return await run()
  } catch (error) {
    return E.left(storageFailure(what, error))
  }
}

/** Commits a record and its payload, then removes the file that this replaced. Throws errors of the system. */
export const keep = async (home: FileHome, record: BlobRecord, payload: Payload | null): Promise<E.Either<Failure, void>> => {
  try {
    const replaced = await home.commit(() => home.database.put(record, payload))
    if (replaced !== null) await home.files.remove(replaced)
    return E.right(undefined)
  } catch (error) {
    // After an I/O error a commit may yet turn out to have reached the disk: only the next start can tell whether the file is named.
    if (payload?.kind === 'file' && isFull(error)) await home.files.remove(payload.name)
    throw error
  }
}

/** Writes a payload as a file that no record names yet. */
export const fileOf = async (home: FileHome, key: BlobKey, payload: Blob): Promise<Payload> => {
  const draft = await home.files.draft()
  try {
    for (let start = 0; start < payload.size; start += SLICE_BYTES)
      await draft.append(new Uint8Array(await payload.slice(start, start + SLICE_BYTES).arrayBuffer()))
  } catch (error) {
    await draft.discard()
    throw error
  }
  return { kind: 'file', name: await draft.place(key), sizeBytes: payload.size }
}

export const inlineOf = async (payload: Blob): Promise<Payload> => ({
  kind: 'inline',
  bytes: new Uint8Array(await payload.arrayBuffer()),
})

/** The payload of a blob. A file that is gone or has another size is `Corrupt`. */
export const readPayload = async (home: FileHome, key: BlobKey): Promise<E.Either<Failure, O.Option<Blob>>> => {
  const payload = home.database.payload(key)
  if (O.isNone(payload)) return E.right(O.none)
  if (payload.value.kind === 'inline') return E.right(O.some(new Blob([payload.value.bytes])))
  const { name, sizeBytes } = payload.value
  try {
    const blob = await home.files.open(name)
    return blob.size === sizeBytes
      ? E.right(O.some(blob))
      : E.left(failure('Corrupt', `The file of ${keyText(key)} holds ${blob.size} bytes instead of ${sizeBytes}: it is damaged.`))
  } catch (error) {
    if (!isAbsent(error)) throw error
    return E.left(failure('Corrupt', `The record of ${keyText(key)} names a payload, but its file is gone.`))
  }
}

// Few calls for large payloads, little memory for very large ones.
const SLICE_BYTES = 4 * 1024 * 1024
