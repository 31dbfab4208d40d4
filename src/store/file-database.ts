import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type * as E from 'fp-ts/Either'
import { join } from 'node:path'
import * as O from 'fp-ts/Option'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import { parseRecord } from './check-record'
import type { FileLayer } from './file-layer'
import { prepareResting, restingTable, type RestingTable } from './file-resting'

/** Where a payload is: in the database, or in a file of so many bytes. */
export type Place =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'file'; readonly name: string; readonly sizeBytes: number }

/**
 * The records and small payloads of a file store. Every method is one or a few statements and throws SQLite's errors; those
 * that write are for use inside a transaction and return the names of the files that nothing names any more.
 */
export interface FileDatabase {
  readonly records: () => readonly E.Either<Failure, BlobRecord>[]
  readonly resting: RestingTable
  readonly record: (key: BlobKey) => O.Option<E.Either<Failure, BlobRecord>>
  readonly place: (key: BlobKey) => O.Option<Place>
  /** Of payloads and drafts. */
  readonly fileNames: () => ReadonlySet<string>
  /** Bytes of all payload files and drafts and of the pages of the database that hold something; and of those that are free to be filled. */
  readonly usage: () => { readonly usedBytes: number; readonly freeBytes: number }
  /** Null as the payload: none. A draft of it is forgotten. */
  readonly put: (record: BlobRecord, place: Place | null) => readonly string[]
  /** Forgets the draft unless the record has a `download`. */
  readonly remember: (record: BlobRecord) => readonly string[]
  readonly remove: (key: BlobKey) => readonly string[]
  /** The file that holds what was kept of a staging; null: none. */
  readonly draft: (key: BlobKey) => string | null
  readonly keepDraft: (record: BlobRecord, name: string, sizeBytes: number) => readonly string[]
  readonly dropDraft: (key: BlobKey) => readonly string[]
  /** Null: there is no such note. */
  readonly note: (name: string) => string | null
  readonly keepNote: (name: string, text: string | null) => void
  readonly transact: (run: () => void) => void
  readonly close: () => void
}

/** The name of the database within a store's folder. */
export const databasePath = (directory: string): string => join(directory, 'blobs.db')

/** Opens the database of a store's folder for its one owner, and makes its tables where it is new. Throws SQLite's errors. */
export const openFileDatabase = (directory: string, layer: FileLayer): FileDatabase => {
  const database = layer.openDatabase(databasePath(directory), false)
  try {
    prepareSchema(database)
    return tables(database, layer)
  } catch (error) {
    database.close()
    throw error
  }
}

/** Reads the records beside the owner of the store, whose lock it does not need: a WAL has room for readers. */
export const readRecords = (directory: string, layer: FileLayer): readonly E.Either<Failure, BlobRecord>[] => {
  const database = layer.openDatabase(databasePath(directory), true)
  try {
    database.exec('PRAGMA busy_timeout = 2000')
    return versionOf(database) === 0 ? [] : allRecords(database)()
  } finally {
    database.close()
  }
}

const SCHEMA_VERSION = 1

// The log is synced by the group commit, without blocking the event loop; NORMAL syncs around checkpoints only. A reader in another process can hold the database for the moment of its opening. Larger pages
// and a longer WAL (16 MB) than SQLite's defaults save a third of the time for payloads of 100 kB.
const settings = `
  PRAGMA busy_timeout = 2000;
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA wal_autocheckpoint = 2000;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
`

// Payloads have a table of their own, so that a record changes without its payload being written again.
const schema = `
  CREATE TABLE blob (
    number INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    record TEXT NOT NULL,
    file TEXT,
    fileBytes INTEGER,
    UNIQUE (namespace, id)
  ) STRICT;
  CREATE TABLE payload (
    number INTEGER PRIMARY KEY REFERENCES blob (number) ON DELETE CASCADE,
    bytes BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`

// What was kept of staging. A version that does not know it takes the files for orphans, and the rows for nothing.
const drafts = `
  CREATE TABLE IF NOT EXISTS draft (
    number INTEGER PRIMARY KEY REFERENCES blob (number) ON DELETE CASCADE,
    file TEXT NOT NULL,
    fileBytes INTEGER NOT NULL
  ) STRICT
`

// A version that does not know them leaves them alone: what they say is true of the records as they were, and the remote tells what came after.
const notes = 'CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID'

const prepareSchema = (database: DatabaseSync): void => {
  database.exec(settings)
  const version = versionOf(database)
  if (version > SCHEMA_VERSION) throw new Error(`it was made by a newer version of blobsync (format ${version}): update this one`)
  if (version === 0) database.exec(`BEGIN; ${schema} COMMIT`)
  database.exec(drafts)
  database.exec(notes)
  prepareResting(database)
}

const versionOf = (database: DatabaseSync): number => Number(database.prepare('PRAGMA user_version').get()?.['user_version'])

const allRecords = (database: DatabaseSync) => {
  const select = database.prepare('SELECT namespace, id, record FROM blob')
  return () => select.all().map((row) => parseRecord(`${text(row['namespace'])}/${text(row['id'])}`, text(row['record'])))
}

const tables = (database: DatabaseSync, layer: FileLayer): FileDatabase => {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  const recordOf = prepare('SELECT record FROM blob WHERE namespace = ? AND id = ?')
  const payloadOf = prepare(
    'SELECT file, fileBytes, bytes FROM blob LEFT JOIN payload USING (number) WHERE namespace = ? AND id = ?',
  )
  const fileNames = prepare('SELECT file FROM blob WHERE file IS NOT NULL UNION SELECT file FROM draft')
  const usage = prepare(`
    SELECT page_size * (page_count - freelist_count) + (SELECT total(fileBytes) FROM blob WHERE file IS NOT NULL) + (SELECT total(fileBytes) FROM draft) AS usedBytes, page_size * freelist_count AS freeBytes
    FROM pragma_page_count, pragma_page_size, pragma_freelist_count`)
  const placeOf = prepare('SELECT number, file FROM blob WHERE namespace = ? AND id = ?')
  const insert = prepare('INSERT INTO blob (namespace, id, record, file, fileBytes) VALUES (?, ?, ?, ?, ?)')
  const update = prepare('UPDATE blob SET record = ?, file = ?, fileBytes = ? WHERE number = ?')
  const keep = prepare('INSERT OR REPLACE INTO payload (number, bytes) VALUES (?, ?)')
  const dropPayload = prepare('DELETE FROM payload WHERE number = ?')
  const upsertRecord = prepare(
    'INSERT INTO blob (namespace, id, record) VALUES (?, ?, ?) ON CONFLICT (namespace, id) DO UPDATE SET record = excluded.record',
  )
  const removeBlob = prepare('DELETE FROM blob WHERE namespace = ? AND id = ? RETURNING file')
  const draftOf = prepare('SELECT draft.file FROM draft JOIN blob USING (number) WHERE namespace = ? AND id = ?')
  const keepDraft = prepare(
    'INSERT OR REPLACE INTO draft (number, file, fileBytes) SELECT number, ?, ? FROM blob WHERE namespace = ? AND id = ?',
  )
  const dropDraft = prepare(
    'DELETE FROM draft WHERE number = (SELECT number FROM blob WHERE namespace = ? AND id = ?) RETURNING file',
  )
  const noteOf = prepare('SELECT text FROM note WHERE name = ?')
  const keepNote = prepare('INSERT OR REPLACE INTO note VALUES (?, ?)')
  const dropNote = prepare('DELETE FROM note WHERE name = ?')
  /** Blobs that may have a draft: all others are spared the question. */
  const drafted = new Set(
    prepare('SELECT namespace, id FROM blob JOIN draft USING (number)')
      .all()
      .map((row) => `${text(row['namespace'])}/${text(row['id'])}`),
  )
  const withoutDraft = (key: BlobKey): readonly string[] =>
    drafted.has(keyText(key)) ? namesIn(dropDraft.get(key.namespace, key.id)?.['file']) : []
  const remember = (record: BlobRecord): void => {
    upsertRecord.run(record.namespace, record.id, JSON.stringify(record))
  }

  return {
    records: allRecords(database),
    resting: restingTable(database),
    record: ({ namespace, id }) => {
      const row = recordOf.get(namespace, id)
      return row === undefined ? O.none : O.some(parseRecord(`${namespace}/${id}`, text(row['record'])))
    },
    place: ({ namespace, id }) => {
      const { file, fileBytes, bytes } = payloadOf.get(namespace, id) ?? {}
      if (typeof file === 'string') return O.some({ kind: 'file', name: file, sizeBytes: Number(fileBytes) })
      return bytes instanceof Uint8Array ? O.some({ kind: 'inline', bytes }) : O.none
    },
    fileNames: () => new Set(fileNames.all().map((row) => text(row['file']))),
    usage: () => {
      const row = usage.get()
      return { usedBytes: Number(row?.['usedBytes']), freeBytes: Number(row?.['freeBytes']) }
    },
    put: (record, place) => {
      const { namespace, id } = record
      const file = place?.kind === 'file' ? place.name : null
      const fileBytes = place?.kind === 'file' ? place.sizeBytes : null
      const old = placeOf.get(namespace, id)
      const number = old?.['number'] ?? insert.run(namespace, id, JSON.stringify(record), file, fileBytes).lastInsertRowid
      if (old !== undefined) update.run(JSON.stringify(record), file, fileBytes, number)
      if (place?.kind === 'inline') keep.run(number, place.bytes)
      else if (old !== undefined) dropPayload.run(number)
      return [...namesIn(old?.['file']), ...withoutDraft(record)].filter((name) => name !== file)
    },
    remember: (record) => {
      remember(record)
      return record.download === null ? withoutDraft(record) : []
    },
    remove: (key) => [...withoutDraft(key), ...namesIn(removeBlob.get(key.namespace, key.id)?.['file'])],
    draft: ({ namespace, id }) => namesIn(draftOf.get(namespace, id)?.['file'])[0] ?? null,
    keepDraft: (record, name, sizeBytes) => {
      remember(record)
      const { namespace, id } = record
      const old = namesIn(draftOf.get(namespace, id)?.['file'])
      keepDraft.run(name, sizeBytes, namespace, id)
      drafted.add(keyText(record))
      return old.filter((one) => one !== name)
    },
    dropDraft: withoutDraft,
    note: (name) => {
      const row = noteOf.get(name)
      return row === undefined ? null : text(row['text'])
    },
    keepNote: (name, kept) => void (kept === null ? dropNote.run(name) : keepNote.run(name, kept)),
    transact: (run) => layer.transact(database, run),
    close: () => database.close(),
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const namesIn = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : [])
