/** Runs a piece of work inside a transaction; resolves with what it returned once that is durable. */
export type Commit = <A>(work: () => A) => Promise<A>

/** How a group reaches the disk. */
export interface Durability {
  /** Runs all of it in one transaction, or undoes all of it and throws. */
  readonly transact: (run: () => void) => void
  /** Makes every transaction so far durable, without blocking the event loop: a sync of the write-ahead log. */
  readonly sync: () => Promise<void>
}

/**
 * Lets all work that is handed in during one turn of the event loop, or while the disk is being synced, share one transaction and
 * one sync. If the transaction fails, so does every piece of work in it, and none of it has happened; if the sync fails, nobody
 * knows until the next start whether it has.
 */
export const groupCommit = ({ transact, sync }: Durability): Commit => {
  let waiting: Work[] = []
  let isCommitting = false

  const commitAll = async () => {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        transact(() => group.forEach((work) => work.run()))
        await sync()
        group.forEach((work) => work.succeed())
      } catch (error) {
        group.forEach((work) => work.fail(error))
      }
    }
    isCommitting = false
  }

  return <A>(work: () => A) =>
    new Promise<A>((resolve, reject) => {
      let result: { readonly value: A } | null = null
      const run = () => {
        result = { value: work() }
      }
      const succeed = () => {
        if (result !== null) resolve(result.value)
      }
      waiting.push({ run, succeed, fail: reject })
      if (isCommitting) return
      isCommitting = true
      setImmediate(() => void commitAll())
    })
}

interface Work {
  readonly run: () => void
  readonly succeed: () => void
  readonly fail: (error: unknown) => void
}
