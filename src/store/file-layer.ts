import { openAsBlob } from 'node:fs'
import { constants, mkdir, open, readdir, rm, stat, statfs, truncate, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { joined, type Bytes } from '../model/bytes'

/** All that a file store asks of the system, in one place, so that every one of these calls can be made to fail. */
export interface FileLayer {
  /** Makes a folder and those above it durably; one that exists will do. */
  readonly makeFolder: (path: string) => Promise<void>
  /** Creates a file for appending; one that exists is an error. */
  readonly create: (path: string) => Promise<OpenFile>
  /** Cuts a file to so many bytes and opens it for appending. Absence is `ENOENT`. */
  readonly reopen: (path: string, sizeBytes: number) => Promise<OpenFile>
  /** Removes a file; absence is no error. */
  readonly remove: (path: string) => Promise<void>
  /** The names in a folder. */
  readonly list: (path: string) => Promise<readonly string[]>
  /** Makes the names in a folder durable. */
  readonly syncFolder: (path: string) => Promise<void>
  /** Bytes of a file. Absence is `ENOENT`. */
  readonly sizeOf: (path: string) => Promise<number>
  /** Bytes that this user may still write to the file system of a folder. */
  readonly freeBytes: (path: string) => Promise<number>
  /** The bytes from one position up to another, which is left out; fewer where the file ends. */
  readonly read: (path: string, from: number, to: number) => Promise<Bytes>
  /** A `Blob` that reads the file when it is read. */
  readonly openBlob: (path: string) => Promise<Blob>
  readonly openDatabase: (path: string, isReadOnly: boolean) => DatabaseSync
  /** Opens the write-ahead log of an open database, to sync it. */
  readonly openLog: (databasePath: string) => Promise<OpenLog>
  /** Runs statements in one transaction, durable once the log is synced; whatever throws in it undoes all of them. */
  readonly transact: (database: DatabaseSync, run: () => void) => void
}

/** A file that is being written. */
export interface OpenFile {
  readonly append: (parts: readonly Uint8Array[]) => Promise<void>
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
  create: async (path) => openedFile(await open(path, 'wx', 0o600)),
  reopen: async (path, sizeBytes) => {
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND)
    try {
      // By its path: Windows does not truncate what is open for appending.
      await truncate(path, sizeBytes)
      return openedFile(file)
    } catch (error) {
      await file.close()
      throw error
    }
  },
  remove: (path) => rm(path, { force: true }),
  list: (path) => readdir(path),
  syncFolder,
  sizeOf: async (path) => (await stat(path)).size,
  freeBytes: async (path) => {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
  read: async (path, from, to) => {
    const file = await open(path, 'r')
    try {
      // Memory that nobody else has: a pool's would be kept alive by the smallest part of it.
      const { buffer } = Buffer.allocUnsafeSlow(to - from)
      let filled = 0
      for (let bytesRead = -1; bytesRead !== 0 && filled < buffer.byteLength; filled += bytesRead)
        bytesRead = (await file.read(new Uint8Array(buffer, filled), 0, buffer.byteLength - filled, from + filled)).bytesRead
      return new Uint8Array(buffer, 0, filled)
    } finally {
      await file.close()
    }
  },
  openBlob: (path) => openAsBlob(path),
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

const PIECES_MAX = 2

/** For larger calls the kernel takes larger blocks of memory, which cost more where a host has to give them. */
const WRITE_BYTES_MAX = 256 * 1024

const openedFile = (file: FileHandle): OpenFile => ({
  append: async (parts) => {
    // Not by one `writev`, which takes the kernel two to three times as long where lengths are uneven; many small pieces copied together.
    for (const piece of parts.length > PIECES_MAX ? [joined(parts)] : parts)
      // One call may write less than it was given, when the disk is nearly full.
      for (let done = 0; done < piece.length;)
        done += (await file.write(piece, done, Math.min(piece.length - done, WRITE_BYTES_MAX))).bytesWritten
  },
  sync: () => file.sync(),
  close: () => file.close(),
})

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
