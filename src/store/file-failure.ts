import { failure, type Failure } from '../model/failure'

/**
 * What an error of the file system or of SQLite means for a store.
 *
 * @param what What was being done, as the beginning of a sentence: “Opening the store at /x”.
 */
export const storageFailure = (what: string, error: unknown): Failure => {
  const { code, sqliteCode, message } = parts(error)
  if (isFull(error))
    return failure('StorageFull', `${what} failed: no room is left on this device (${message}). Make room, then go on.`)
  const advice = adviceBySystemCode[code] ?? (sqliteCode === null ? undefined : adviceBySqliteCode[sqliteCode])
  return failure('StorageBroken', `${what} failed: ${message}.${advice === undefined ? '' : ` ${advice}`}`)
}

/** Whether the device or the account on it has no room left. */
export const isFull = (error: unknown): boolean => {
  const { code, sqliteCode } = parts(error)
  return code === 'ENOSPC' || code === 'EDQUOT' || sqliteCode === SQLITE_FULL
}

/** Whether SQLite said that another connection holds the lock. */
export const isBusy = (error: unknown): boolean => {
  const { sqliteCode } = parts(error)
  return sqliteCode === SQLITE_BUSY || sqliteCode === SQLITE_LOCKED
}

/** Whether the file system said that there is no such file. */
export const isAbsent = (error: unknown): boolean => parts(error).code === 'ENOENT'

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_FULL = 13

const permissions = 'Check who owns the folder and whether this user may write there.'
const readOnly = 'The file system is read-only: choose another folder or mount it writable.'
const disk = 'The disk reports errors: check it before you trust it with more.'

const adviceBySystemCode: Readonly<Record<string, string>> = {
  EACCES: permissions,
  EPERM: permissions,
  EROFS: readOnly,
  EIO: disk,
  EMFILE: 'This process has too many files open: raise the limit or lower the option `storage`.',
  ENFILE: 'The system has too many files open.',
  ENOTDIR: 'A part of the path is a file: choose a folder.',
  EEXIST: 'A file is in the way: choose a folder.',
}

const adviceBySqliteCode: Readonly<Record<number, string>> = {
  5: 'Another program holds the database: close it.',
  8: readOnly,
  10: disk,
  11: 'The database is damaged: restore the folder from a backup, or move it away and sync again.',
  14: permissions,
  26: 'The file is not the database of a store: choose another folder, or move the file away.',
}

interface Parts {
  readonly code: string
  /** SQLite's primary result code: the low byte of the extended one. */
  readonly sqliteCode: number | null
  readonly message: string
}

const parts = (error: unknown): Parts => ({
  code: error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '',
  sqliteCode: error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null,
  message: error instanceof Error ? error.message : String(error),
})
