import { stat } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import { databasePath, readRecords } from './file-database'
import { isAbsent, storageFailure } from './file-failure'
import { attempt, change, keep, openFileHome, payloadIn, placeOf, type FileHome } from './file-home'
import { nodeFileLayer, type FileLayer } from './file-layer'
import type { RestingTable } from './file-resting'
import { restageIn, stageIn, type Use } from './file-staging'
import type { Store } from './store'

export interface FileStoreOptions {
  /** The largest payload, in bytes, that is kept in the database; a larger one is a file. @default 262144 */
  readonly inlineBytesMax?: number
  /** What it asks of the system; another one can make calls fail. @default Node's file system and SQLite */
  readonly layer?: FileLayer
}

/**
 * A store in a folder, for Node: records and small payloads in SQLite, larger payloads as files.
 *
 * One process at a time; a second one fails as `StorageBroken`, which names the holder. The folder is made where it is
 * missing, and opened by the first call; if that fails, the next call tries again. A `Blob` that was read from a file
 * lasts as long as the blob stays in the store. Its quota is what it uses and what the file system has left.
 */
export const fileStore = (directory: string, options: FileStoreOptions = {}): Store => {
  const { inlineBytesMax = INLINE_BYTES_MAX, layer = nodeFileLayer } = options
  const underWay = new Set<Promise<unknown>>()
  let opening: Promise<E.Either<Failure, FileHome>> | null = null
  let closing: Promise<E.Either<Failure, void>> | null = null
  /** What can be asked at once. */
  let opened: RestingTable | null = null

  const open = async (): Promise<E.Either<Failure, FileHome>> => {
    const tried = (opening ??= openFileHome(directory, layer))
    const home = await tried
    if (E.isLeft(home) && opening === tried) opening = null
    if (E.isRight(home)) opened = home.right.database.resting
    return home
  }

  const use: Use = (what, run) => () => {
    if (closing !== null) return Promise.resolve(E.left(failure('StorageBroken', 'The store is closed.')))
    const result = open().then((home) => (E.isLeft(home) ? home : attempt(what, () => run(home.right))))
    underWay.add(result)
    void result.then(() => underWay.delete(result))
    return result
  }

  const close = async (): Promise<E.Either<Failure, void>> => {
    await Promise.all(underWay)
    opened = null
    const home = await opening
    if (home === null || E.isLeft(home)) return E.right(undefined)
    return attempt(`Closing the store at ${directory}`, async () => E.right(await home.right.close()))
  }

  const stage = (key: BlobKey) => use(`Staging ${keyText(key)}`, (home) => E.right(stageIn({ home, key, inlineBytesMax, use })))

  return {
    records: () => use('Reading the records', ({ database }) => E.right(database.records())),
    record: (key) =>
      use(`Reading the record of ${keyText(key)}`, ({ database }) => O.sequence(E.Applicative)(database.record(key))),
    read: (key) => use(`Reading ${keyText(key)}`, (home) => payloadIn(home, key)),
    write: (record, payload) =>
      use(`Storing ${keyText(record)}`, async (home) => {
        const place = await placeOf(home, record, payload, inlineBytesMax)
        return E.isLeft(place) ? place : keep(home, record, place.right)
      }),
    remember: (records) =>
      use('Storing records', async (home) => E.right(await change(home, () => records.flatMap(home.database.remember)))),
    drop: (record) => use(`Dropping ${keyText(record)}`, (home) => keep(home, record, null)),
    remove: (keys) =>
      use('Removing blobs', async (home) => E.right(await change(home, () => keys.flatMap(home.database.remove)))),
    stage,
    keeping: {
      stage,
      restage: (key, sizeBytes) =>
        use(`Staging ${keyText(key)}`, async (home) => E.right(await restageIn({ home, key, inlineBytesMax, use }, sizeBytes))),
    },
    notes: {
      read: (name) => use('Reading a note', ({ database }) => E.right(O.fromNullable(database.note(name)))),
      write: (name, text) =>
        use('Storing a note', async ({ commit, database }) => E.right(await commit(() => database.keepNote(name, text)))),
    },
    resting: {
      open: () => use('Reading the records', ({ database: { resting } }) => E.right(resting.open())),
      peek: (key) => {
        try {
          return opened?.peek(key) ?? E.right(O.none)
        } catch (error) {
          return E.left(storageFailure(`Reading the record of ${keyText(key)}`, error))
        }
      },
      all: () => opened?.all() ?? [],
    },
    room: () =>
      use('Measuring the room', async ({ database }) => {
        const { usedBytes, freeBytes } = database.usage()
        return E.right({ usedBytes, quotaBytes: usedBytes + freeBytes + (await layer.freeBytes(directory)) })
      }),
    close: () => () => (closing ??= close()),
  }
}

/**
 * The records of a store's folder, read without its lock, so also while another process holds it. None if there is no store.
 */
export const readFileRecords =
  (directory: string, layer: FileLayer = nodeFileLayer): TaskEither<Failure, readonly E.Either<Failure, BlobRecord>[]> =>
  () =>
    attempt(`Reading the store at ${directory}`, async () =>
      E.right((await isThere(databasePath(directory))) ? readRecords(directory, layer) : []),
    )

// Measured, 10 writes in flight, database against files in ms: 1000×10 kB 130/1200, 100×100 kB 45/270, 40×250 kB 70/120, 10×1 MB 65/40.
const INLINE_BYTES_MAX = 256 * 1024

const isThere = async (path: string): Promise<boolean> => {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}
