import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as E from 'fp-ts/Either'
import { join } from 'node:path'
import { failure, type Failure } from '../model/failure'
import { isBusy, storageFailure } from './file-failure'
import type { FileLayer } from './file-layer'

/** Holds a folder for one store of one process. */
export interface FileLock {
  readonly release: () => void
}

/**
 * Takes the lock of a store's folder, or says at once who holds it.
 *
 * The lock is SQLite's on a database of its own that stays empty: the system lets go of it however the process ends. The
 * number of the process beside it is for people only.
 */
export const takeFileLock = (directory: string, layer: FileLayer): E.Either<Failure, FileLock> => {
  const holderPath = join(directory, 'lock.pid')
  try {
    const database = layer.openDatabase(join(directory, 'lock.db'), false)
    try {
      // Without a journal on disk there is nothing to clean up after a crash.
      database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
      writeFileSync(holderPath, String(process.pid))
    } catch (error) {
      database.close()
      throw error
    }
    held.add(database)
    return E.right({
      release: () => {
        held.delete(database)
        rmSync(holderPath, { force: true })
        database.close()
      },
    })
  } catch (error) {
    return E.left(
      isBusy(error)
        ? failure('StorageBroken', `The store at ${directory} is held by ${holder(holderPath)}. Close it there, then try again.`)
        : storageFailure(`Opening the store at ${directory}`, error),
    )
  }
}

// A lock ends when it is released, not when the garbage collector closes the database of a store that nobody refers to.
const held = new Set<unknown>()

const holder = (path: string): string => {
  const pid = readPid(path)
  if (pid === null) return 'another process'
  return pid === process.pid ? `process ${pid}, which is this one: it has the store open already` : `process ${pid}`
}

const readPid = (path: string): number | null => {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
    return Number.isNaN(pid) ? null : pid
  } catch {
    return null
  }
}
