import { openAsBlob } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** All that a file store asks of the system, in one place, so that every one of these calls can be made to fail. */
export interface FileLayer {
  /** Makes a folder and those above it durably; one that exists will do. */
  readonly makeFolder: (path: string) => Promise<void>
  /** Creates a file for appending; one that exists is an error. */
  readonly create: (path: string) => Promise<OpenFile>
  readonly rename: (from: string, to: string) => Promise<void>
  /** Removes a file; absence is no error. */
  readonly remove: (path: string) => Promise<void>
  /** The names in a folder. */
  readonly list: (path: string) => Promise<readonly string[]>
  /** Makes the names in a folder durable. */
  readonly syncFolder: (path: string) => Promise<void>
  /** A `Blob` that reads the file when it is read. Absence is `ENOENT`. */
  readonly openBlob: (path: string) => Promise<Blob>
  readonly openDatabase: (path: string, isReadOnly: boolean) => DatabaseSync
  /** Opens the write-ahead log of an open database, to sync it. */
  readonly openLog: (databasePath: string) => Promise<OpenLog>
  /** Runs statements in one transaction, durable once the log is synced; whatever throws in it undoes all of them. */
  readonly transact: (database: DatabaseSync, run: () => void) => void
}

/** A file that is being written. */
export interface OpenFile {
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Makes what was appended durable. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/** The write-ahead log of a database. */
export interface OpenLog {
  /** Makes every transaction so far durable. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/** The file system and SQLite of Node. */
export const nodeFileLayer: FileLayer = {
  makeFolder: async (path) => {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = resolve(path); made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
  },
  create: async (path) => {
    const file = await open(path, 'wx', 0o600)
    return {
      append: async (bytes) => {
        let written = 0
        while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten
      },
      sync: () => file.sync(),
      close: () => file.close(),
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  list: (path) => readdir(path),
  syncFolder,
  openBlob: async (path) => {
    // `openAsBlob` itself does not say why it could not.
    await stat(path)
    return openAsBlob(path)
  },
  openDatabase: (path, isReadOnly) => new DatabaseSync(path, { readOnly: isReadOnly }),
  openLog: async (databasePath) => {
    const log = await open(`${databasePath}-wal`, 'r+')
    return { sync: () => log.datasync(), close: () => log.close() }
  },
  transact: (database, run) => {
    database.exec('BEGIN IMMEDIATE')
    try {
      run()
      database.exec('COMMIT')
    } catch (error) {
      undo(database)
      throw error
    }
  },
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders; NTFS keeps names in its journal.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const undo = (database: DatabaseSync): void => {
  try {
    database.exec('ROLLBACK')
  } catch {
    // SQLite has undone it by itself, as it does on a full disk.
  }
}
