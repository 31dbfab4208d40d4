import type { DatabaseSync } from 'node:sqlite'

/**
 * Runs changes so that all that were asked for in one turn of the event loop share one transaction, and so one sync of the
 * disk. Each resolves when it is durable. A change that throws undoes its whole transaction: only a broken disk does that.
 */
export const groupCommit = (database: DatabaseSync): (<A>(change: () => A) => Promise<A>) => {
  let waiting: Waiting[] = []

  const commit = () => {
    const batch = waiting
    waiting = []
    try {
      database.exec('BEGIN IMMEDIATE')
      const settles = batch.map(({ run }) => run())
      database.exec('COMMIT')
      for (const settle of settles) settle()
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      for (const { reject } of batch) reject(error)
    }
  }

  return (change) =>
    new Promise((resolve, reject) => {
      const run = () => {
        const result = change()
        return () => resolve(result)
      }
      if (waiting.push({ run, reject }) === 1) setImmediate(commit)
    })
}

interface Waiting {
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
}
