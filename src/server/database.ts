import { DatabaseSync } from 'node:sqlite'
import * as t from 'io-ts'
import { BlobId } from '../model/ids'

/**
 * Opens the server's database. `number` grows with every upload and deletion, and so is the order of time; payloads have a
 * table of their own so that a list reads none of them. A blob that never had flags has no row of them. Changes are durable through `groupCommit` only.
 */
export const openDatabase = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path)
  database.exec(`
    PRAGMA busy_timeout = 5000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 4000;
    CREATE TABLE IF NOT EXISTS blob (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      user TEXT NOT NULL, namespace TEXT NOT NULL, id TEXT NOT NULL,
      sizeBytes INTEGER NOT NULL, tag TEXT NOT NULL, file TEXT, createdAtMs INTEGER NOT NULL,
      UNIQUE (user, namespace, id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS payload (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS flags (number INTEGER PRIMARY KEY, list TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS tombstone (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      user TEXT NOT NULL, namespace TEXT NOT NULL, id TEXT NOT NULL, deletedAtMs INTEGER NOT NULL,
      UNIQUE (user, namespace, id) ON CONFLICT REPLACE
    ) STRICT;
  `)
  return database
}

/**
 * Holds a file as long as this process lives, and no longer: the lock is the kernel's, so that a crash leaves none behind.
 *
 * @throws if another holds it.
 */
export const holdLock = (path: string): DatabaseSync => {
  const lock = new DatabaseSync(path)
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Rows come untyped; one of another form means that someone else wrote the database. */
export const asRow = <A>(codec: t.Type<A, unknown>, row: unknown): A => {
  if (!codec.is(row)) throw new TypeError(`A row of the database is not of the form ${codec.name}.`)
  return row
}

export const IdRow = t.type({ id: BlobId }, 'IdRow')
export const StoredRow = t.type({ id: BlobId, sizeBytes: t.number, tag: t.string }, 'StoredRow')
export const FileRow = t.type(
  { number: t.number, sizeBytes: t.number, tag: t.string, file: t.union([t.string, t.null]) },
  'FileRow',
)
export const NameRow = t.type({ file: t.string }, 'NameRow')
export const CountRow = t.type({ count: t.number }, 'CountRow')
export const NumberRow = t.type({ number: t.number }, 'NumberRow')
export const FlagsRow = t.type({ list: t.union([t.string, t.null]) }, 'FlagsRow')
export const UsedRow = t.type({ user: t.string, bytes: t.number }, 'UsedRow')

const Bytes = new t.Type<Uint8Array<ArrayBuffer>>(
  'Bytes',
  (u): u is Uint8Array<ArrayBuffer> => u instanceof Uint8Array && u.buffer instanceof ArrayBuffer,
  t.failure,
  t.identity,
)
export const PayloadRow = t.type(
  { tag: t.string, file: t.union([t.string, t.null]), bytes: t.union([Bytes, t.null]) },
  'PayloadRow',
)
