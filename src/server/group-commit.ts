import type { FileHandle } from 'node:fs/promises'
import type { DatabaseSync } from 'node:sqlite'

/**
 * Runs changes so that all that were asked for in one turn of the event loop share one transaction, and all that were made during
 * a sync of the disk share the next one. Each resolves when it is durable: the log is synced here, without blocking the loop,
 * rather than by the database, which has its own syncs (`synchronous = NORMAL`) around its checkpoints only.
 *
 * A change that throws undoes its whole transaction: only a broken or full disk does that.
 *
 * @param log The write-ahead log of the database, open for as long as the database is.
 */
export const groupCommit = (database: DatabaseSync, log: FileHandle): (<A>(change: () => A) => Promise<A>) => {
  let asked: Asked[] = []
  let made: Made[] = []
  let isSyncing = false

  const commit = () => {
    const batch = asked
    asked = []
    let hasBegun = false
    try {
      database.exec('BEGIN IMMEDIATE')
      hasBegun = true
      const results = batch.map(({ run, reject }) => ({ resolve: run(), reject }))
      database.exec('COMMIT')
      made.push(...results)
    } catch (error) {
      if (hasBegun) rollBack(database)
      for (const { reject } of batch) reject(error)
    }
    if (!isSyncing) void sync()
  }

  const sync = async () => {
    isSyncing = true
    while (made.length > 0) {
      const batch = made
      made = []
      try {
        await log.datasync()
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isSyncing = false
  }

  return (change) =>
    new Promise((resolve, reject) => {
      const run = () => {
        const result = change()
        return () => resolve(result)
      }
      if (asked.push({ run, reject }) === 1) setImmediate(commit)
    })
}

/** A full disk may have rolled back by itself. */
const rollBack = (database: DatabaseSync) => {
  try {
    database.exec('ROLLBACK')
  } catch {
    // Nothing was left to undo.
  }
}

interface Asked {
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}

interface Made {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}
