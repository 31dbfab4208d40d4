import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { bytesPayload, giveBack, type Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { databasePath, openFileDatabase, type FileDatabase, type Place } from './file-database'
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
  /** What lets go of each staging that has not ended. */
  readonly stagings: Set<() => Promise<void>>
  /** What lets go of the latest staging of a blob that can be kept, by its key. */
  readonly lasting: Map<string, () => Promise<void>>
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
        try {
          // The names of the database, its log and the folders.
          await layer.syncFolder(directory)
        } catch (error) {
          await log.close()
          throw error
        }
        const close = async () => {
          await Promise.all([...stagings].map((letGo) => letGo()))
          try {
            await log.close()
            database.close()
          } finally {
            lock.right.release()
          }
        }
        const commit = groupCommit({ transact: database.transact, sync: log.sync })
        return E.right({ database, files, commit, stagings, lasting: new Map(), close })
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
export const keep = async (home: FileHome, record: BlobRecord, place: Place | null): Promise<E.Either<Failure, void>> => {
  try {
    return E.right(await change(home, () => home.database.put(record, place)))
  } catch (error) {
    // After an I/O error a commit may yet turn out to have reached the disk: only the next start can tell whether the file is named.
    // One whose log could not be synced has been made, and names it.
    if (place?.kind === 'file' && isFull(error) && !isNamed(home, record, place.name)) await home.files.remove(place.name)
    throw error
  }
}

const isNamed = ({ database }: FileHome, key: BlobKey, name: string): boolean => {
  const place = database.place(key)
  return (O.isSome(place) && place.value.kind === 'file' && place.value.name === name) || database.draft(key) === name
}

/** Commits changes, and removes the files that nothing names after that. Throws errors of the system. */
export const change = async ({ commit, files }: FileHome, make: () => readonly string[]): Promise<void> => {
  for (const name of await commit(make)) await files.remove(name)
}

/** Puts a payload into the database's hands, or into a file that no record names yet. */
export const placeOf = async (
  home: FileHome,
  key: BlobKey,
  payload: Payload,
  inlineBytesMax: number,
): Promise<E.Either<Failure, Place>> => {
  const { sizeBytes } = payload
  if (sizeBytes <= inlineBytesMax) return E.map((bytes: Bytes): Place => ({ kind: 'inline', bytes }))(await payload.read()())
  const draft = await home.files.draft(key)
  try {
    for await (const slice of slicesOf(payload)) {
      if (E.isLeft(slice)) {
        await draft.discard()
        return slice
      }
      await draft.append([slice.right])
      giveBack(payload, slice.right)
    }
    await draft.place()
  } catch (error) {
    await draft.discard()
    throw error
  }
  return E.right({ kind: 'file', name: draft.name, sizeBytes })
}

/** The slices of a payload in order; while one is written, the next ones are read. */
async function* slicesOf({ sizeBytes, read }: Payload): AsyncGenerator<E.Either<Failure, Bytes>> {
  const ahead: Promise<E.Either<Failure, Bytes>>[] = []
  for (let next = 0; next < sizeBytes || ahead.length > 0;) {
    for (; next < sizeBytes && ahead.length < SLICES_AHEAD; next += SLICE_BYTES) {
      const slice = read(next, Math.min(next + SLICE_BYTES, sizeBytes))()
      // If what is before it cannot be written, nobody waits for it.
      slice.catch(() => {})
      ahead.push(slice)
    }
    const slice = await ahead.shift()
    if (slice !== undefined) yield slice
  }
}

/** The payload of a blob. A file that is gone or has another size is `Corrupt`. */
export const payloadIn = async (home: FileHome, key: BlobKey): Promise<E.Either<Failure, O.Option<Payload>>> => {
  const place = home.database.place(key)
  if (O.isNone(place)) return E.right(O.none)
  if (place.value.kind === 'inline') return E.right(O.some(bytesPayload(place.value.bytes)))
  const { name, sizeBytes } = place.value
  const from = fromFile(key)
  const size = await from(() => home.files.sizeOf(name))
  if (E.isLeft(size)) return size
  if (size.right !== sizeBytes) return damaged(key, size.right, sizeBytes)
  return E.right(
    O.some({
      sizeBytes,
      givesAway: true,
      read:
        (start = 0, end = sizeBytes) =>
        async () => {
          const bytes = await from(() => home.files.read(name, start, end))
          return E.isRight(bytes) && bytes.right.length < end - start
            ? damaged(key, start + bytes.right.length, sizeBytes)
            : bytes
        },
      blob: () => () => from(() => home.files.openBlob(name)),
    }),
  )
}

const fromFile =
  (key: BlobKey) =>
  <A>(read: () => Promise<A>): Promise<E.Either<Failure, A>> =>
    attempt(`Reading ${keyText(key)}`, async () => {
      try {
        return E.right(await read())
      } catch (error) {
        if (!isAbsent(error)) throw error
        return E.left(failure('Corrupt', `The record of ${keyText(key)} names a payload, but its file is gone.`))
      }
    })

const damaged = (key: BlobKey, actualBytes: number, sizeBytes: number): E.Either<Failure, never> =>
  E.left(failure('Corrupt', `The file of ${keyText(key)} holds ${actualBytes} bytes instead of ${sizeBytes}: it is damaged.`))

// Few calls for large payloads, little memory for very large ones.
const SLICE_BYTES = 1024 * 1024
const SLICES_AHEAD = 3
