import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/Either'
import { nodeFileLayer } from '../store/file-layer'
import { groupCommit } from '../store/group-commit'
import type { ServerBackend, StoredKey } from './backend'
import { holdLock, openDatabase } from './database'
import { expiring } from './expiring'
import { feedOver } from './feed'
import { feedRowsIn } from './feed-rows'
import { fileParts } from './file-parts'
import { partFiles } from './part-files'
import { partRowsIn } from './part-rows'
import { payloadFiles, type PayloadFiles } from './payload-files'
import { quota } from './quota'
import { reading } from './read'
import { receivedMemory, receiving } from './receive'
import { receivingEach } from './receive-each'
import { rowsIn } from './rows'

export interface FileBackendOptions {
  /** Payloads up to this size rest in the database, larger ones in files of their own. @default 131072 */
  readonly inlineBytesMax?: number
  /** How long after its last byte an upload in parts that is not whole is forgotten. @default 86400000, a day */
  readonly uploadsExpireMs?: number
  /**
   * How far back the feed of changes goes: whoever was away for longer, while something changed, lists everything. Tombstones stay for ever, whatever this is.
   * @default 7776000000, 90 days
   */
  readonly changesKeptMs?: number
}

/**
 * Keeps a server's blobs in a folder, one process at a time:
 *
 * - `blobs.sqlite`: what there is, the flags, the tombstones, digests of what is there (table `range`), and the small payloads (table `payload`; its `number` is that of
 *   table `blob`)
 * - `payloads/<2 hex>/<name>`: the larger payloads, plain; column `file` of table `blob` has the name
 * - `arriving/`: uploads that are not complete; emptied at the start
 * - `uploads/<name>`: uploads in parts that are not complete; they go on after a restart, as table `upload` says
 * - `lock.sqlite`: held while a server runs
 *
 * `rewritePayload` changes stored bytes wherever they are.
 *
 * @throws if another process holds the folder or it cannot be written.
 */
export const fileBackend = async (root: string, options: FileBackendOptions = {}): Promise<ServerBackend> => {
  await mkdir(root, { recursive: true })
  const lock = lockFolder(root)
  try {
    const files = await payloadFiles(root)
    const database = openDatabase(databasePath(root))
    try {
      const log = await open(`${databasePath(root)}-wal`, 'a')
      try {
        return await backend({ root, database, log, lock, files }, options)
      } catch (error) {
        await log.close()
        throw error
      }
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

export const databasePath = (root: string): string => join(root, 'blobs.sqlite')

const lockFolder = (root: string): DatabaseSync => {
  try {
    return holdLock(join(root, 'lock.sqlite'))
  } catch (cause) {
    throw new Error(`The folder ${root} is held by another server, or cannot be written.`, { cause })
  }
}

interface Parts {
  readonly root: string
  readonly database: DatabaseSync
  readonly log: FileHandle
  readonly lock: DatabaseSync
  readonly files: PayloadFiles
}

const backend = async (
  { root, database, log, lock, files }: Parts,
  { inlineBytesMax = 131_072, uploadsExpireMs = DAY_MS, changesKeptMs = 90 * DAY_MS }: FileBackendOptions,
): Promise<ServerBackend> => {
  const feedRows = feedRowsIn(database)
  // What a process that died has written may be in the log and not on the disk yet.
  await log.datasync()
  const feed = feedOver(feedRows, changesKeptMs)
  const commit = feed.telling(
    groupCommit({ transact: (run) => nodeFileLayer.transact(database, run), sync: () => log.datasync() }),
  )
  const rows = rowsIn(database, feedRows, feed.note)
  const partRows = partRowsIn(database)
  await files.sweep((name) => rows.isNamed(name) || partRows.isNamed(name))
  const bytesOf = quota()
  rows.used().forEach(({ user, bytes }) => bytesOf.add(user, bytes))
  const parts = await fileParts({
    rows,
    partRows,
    files: await partFiles(root, files),
    payloads: files,
    commit,
    quota: bytesOf,
    expiresMs: uploadsExpireMs,
  })
  const expiry = await expiring(parts)
  const taking = { rows, files, commit, quota: bytesOf, inlineBytesMax }
  const memory = receivedMemory()
  const missing = ({ id }: StoredKey) => E.left({ _tag: 'Missing', id } as const)

  return {
    list: async (place, order, flag) => rows.list(place, order, flag),
    tombstones: async (place, order) => rows.tombstones(place, order),
    count: async (user, namespace) => rows.count(user, namespace),
    firstMissing: async (place, ids) => ids.find((id) => !rows.has({ ...place, id })) ?? null,
    read: reading(rows, files),
    put: receiving(taking, memory),
    putEach: receivingEach(taking, memory),
    flags: (key) => async () => {
      const flags = rows.flags(key)
      return flags === null ? missing(key) : E.right(flags)
    },
    setFlags: (key, flags) => async () => ((await commit(() => rows.setFlags(key, flags))) ? E.right(undefined) : missing(key)),
    delete: (key) => async () => {
      const gone = await commit(() => {
        partRows.removeFinished(key)
        return rows.remove(key)
      })
      if (gone === null) return missing(key)
      bytesOf.add(key.user, -gone.sizeBytes)
      if (gone.file !== null) await files.remove(gone.file)
      return E.right(undefined)
    },
    parts,
    changes: feed.changes,
    close: async () => {
      await expiry.stop()
      await log.close()
      database.close()
      lock.close()
    },
  }
}

const DAY_MS = 86_400_000
