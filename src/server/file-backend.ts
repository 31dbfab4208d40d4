import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/Either'
import { nodeFileLayer } from '../store/file-layer'
import { groupCommit } from '../store/group-commit'
import { arrival, type Arrived } from './arrival'
import {
  BodyRefused,
  refusal,
  type Answer,
  type Order,
  type Place,
  type ServerBackend,
  type StoredKey,
  type Upload,
} from './backend'
import { asRow, CountRow, FileRow, holdLock, IdRow, NameRow, openDatabase, PayloadRow, StoredRow, UsedRow } from './database'
import { fileBody } from './file-body'
import { payloadFiles, type PayloadFiles } from './payload-files'
import { quota } from './quota'

export interface FileBackendOptions {
  /** Payloads up to this size rest in the database, larger ones in files of their own. @default 131072 */
  readonly inlineBytesMax?: number
}

/**
 * Keeps a server's blobs in a folder, one process at a time:
 *
 * - `blobs.sqlite`: what there is, the tombstones, and the small payloads (table `payload`; its `number` is that of table `blob`)
 * - `payloads/<2 hex>/<name>`: the larger payloads, plain; column `file` of table `blob` has the name
 * - `arriving/`: uploads that are not complete; emptied at the start
 * - `lock.sqlite`: held while a server runs
 *
 * `rewritePayload` changes stored bytes wherever they are.
 *
 * @throws if another process holds the folder or it cannot be written.
 */
export const fileBackend = async (root: string, options: FileBackendOptions = {}): Promise<ServerBackend> => {
  const inlineBytesMax = options.inlineBytesMax ?? 131_072
  await mkdir(root, { recursive: true })
  const lock = lockFolder(root)
  try {
    const files = await payloadFiles(root)
    const database = openDatabase(databasePath(root))
    try {
      const named = database.prepare('SELECT 1 FROM blob WHERE file = ?')
      database.exec('CREATE INDEX IF NOT EXISTS blobByFile ON blob (file) WHERE file IS NOT NULL')
      await files.sweep((name) => named.get(name) !== undefined)
      const log = await open(`${databasePath(root)}-wal`, 'a')
      return backend({ database, log, lock, files }, inlineBytesMax)
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
  readonly database: DatabaseSync
  readonly log: FileHandle
  readonly lock: DatabaseSync
  readonly files: PayloadFiles
}

const backend = ({ database, log, lock, files }: Parts, inlineBytesMax: number): ServerBackend => {
  const where = 'WHERE user = ? AND namespace = ?'
  const lists: Readonly<Record<Order, string>> = { id: 'id', oldest: 'number', newest: 'number DESC' }
  const statList = (order: Order) => database.prepare(`SELECT id, sizeBytes, tag FROM blob ${where} ORDER BY ${lists[order]}`)
  const tombstoneList = (order: Order) => database.prepare(`SELECT id FROM tombstone ${where} ORDER BY ${lists[order]}`)
  const counted = database.prepare(`SELECT count(*) AS count FROM blob ${where}`)
  const found = database.prepare(`SELECT id, sizeBytes, tag FROM blob ${where} AND id = ?`)
  const payload = database.prepare(`SELECT tag, file, bytes FROM blob LEFT JOIN payload USING (number) ${where} AND id = ?`)
  const placed = database.prepare(`SELECT number, sizeBytes, file FROM blob ${where} AND id = ?`)
  const addBlob = database.prepare(
    'INSERT INTO blob (user, namespace, id, sizeBytes, tag, file, createdAtMs) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const addPayload = database.prepare('INSERT INTO payload (number, bytes) VALUES (?, ?)')
  const removeBlob = database.prepare('DELETE FROM blob WHERE number = ?')
  const removePayload = database.prepare('DELETE FROM payload WHERE number = ?')
  const addTombstone = database.prepare('INSERT INTO tombstone (user, namespace, id, deletedAtMs) VALUES (?, ?, ?, ?)')

  const commit = groupCommit({ transact: (run) => nodeFileLayer.transact(database, run), sync: () => log.datasync() })
  const bytesOf = quota()
  for (const row of database.prepare('SELECT user, sum(sizeBytes) AS bytes FROM blob GROUP BY user').all()) {
    const { user, bytes } = asRow(UsedRow, row)
    bytesOf.add(user, bytes)
  }

  const find = (key: StoredKey) => {
    const row = found.get(...columns(key), key.id)
    return row === undefined ? E.left(refusal('Missing')) : E.right(asRow(StoredRow, row))
  }

  /** @returns false if another was faster. */
  const addRows = (key: StoredKey, sizeBytes: number, { tag, content }: Arrived) => {
    if (found.get(...columns(key), key.id) !== undefined) return false
    const { lastInsertRowid } = addBlob.run(...columns(key), key.id, sizeBytes, tag, content.file, Date.now())
    if (content.bytes !== null) addPayload.run(lastInsertRowid, content.bytes)
    return true
  }

  const put = async (key: StoredKey, upload: Upload): Answer<void> => {
    if (E.isRight(find(key))) return E.left(refusal('Exists'))
    const claim = bytesOf.claim(key.user, upload.quotaBytes)
    const arriving = arrival(files, inlineBytesMax)
    let sizeBytes = 0
    let storedBytes = 0
    try {
      claim.cover(upload.sizeBytes ?? 0)
      for await (const piece of upload.body) {
        sizeBytes += piece.length
        claim.cover(sizeBytes)
        await arriving.append(piece)
      }
      const arrived = await arriving.finish(key)
      const isFirst = await commit(() => addRows(key, sizeBytes, arrived))
      if (isFirst) storedBytes = sizeBytes
      else if (arrived.content.file !== null) await files.remove(arrived.content.file)
      return isFirst ? E.right(undefined) : E.left(refusal('Exists'))
    } catch (error) {
      if (error instanceof BodyRefused) return E.left(error.refusal)
      if (isDiskFull(error)) return E.left(refusal('DiskFull'))
      throw error
    } finally {
      claim.settle(storedBytes)
      await arriving.discard()
    }
  }

  const remove = async (key: StoredKey): Answer<void> => {
    const gone = await commit(() => {
      const row = placed.get(...columns(key), key.id)
      if (row === undefined) return null
      const blob = asRow(FileRow, row)
      removeBlob.run(blob.number)
      removePayload.run(blob.number)
      addTombstone.run(...columns(key), key.id, Date.now())
      return blob
    })
    if (gone === null) return E.left(refusal('Missing'))
    bytesOf.add(key.user, -gone.sizeBytes)
    if (gone.file !== null) await files.remove(gone.file)
    return E.right(undefined)
  }

  return {
    list: async (place, order) =>
      statList(order)
        .all(...columns(place))
        .map((row) => asRow(StoredRow, row)),
    tombstones: async (place, order) =>
      tombstoneList(order)
        .all(...columns(place))
        .map((row) => asRow(IdRow, row).id),
    count: async (place) => asRow(CountRow, counted.get(...columns(place))).count,
    stat: (key) => async () => find(key),
    read: (key) => async () => {
      const row = payload.get(...columns(key), key.id)
      if (row === undefined) return E.left(refusal('Missing'))
      const { tag, file, bytes } = asRow(PayloadRow, row)
      if (bytes !== null) return E.right({ tag, sizeBytes: bytes.length, body: bytes })
      const handle = await open(files.path(asRow(NameRow, { file }).file), 'r').catch((error: unknown) => {
        // Deleted since the row was read; otherwise a payload is lost, which nobody expects.
        if (E.isLeft(find(key))) return null
        throw error
      })
      return handle === null ? E.left(refusal('Missing')) : E.right({ tag, ...(await fileBody(handle)) })
    },
    put: (key, upload) => () => put(key, upload),
    delete: (key) => () => remove(key),
    close: async () => {
      await log.close()
      database.close()
      lock.close()
    },
  }
}

const columns = ({ user, namespace }: Place): [string, string] => [user, namespace]

const SQLITE_FULL = 13

const isDiskFull = (error: unknown) =>
  error instanceof Error &&
  (('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) ||
    ('errcode' in error && error.errcode === SQLITE_FULL))
