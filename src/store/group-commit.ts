/** Runs a piece of work inside a transaction; resolves after the commit with what it returned. */
export type Commit = <A>(work: () => A) => Promise<A>

/**
 * Lets all work that is handed in during one turn of the event loop share one transaction, and so one sync of the disk. If
 * the transaction fails, so does every piece of work in it, and none of it has happened.
 */
export const groupCommit = (transact: (run: () => void) => void): Commit => {
  let waiting: Work[] = []

  const flush = () => {
    const group = waiting
    waiting = []
    try {
      transact(() => group.forEach((work) => work.run()))
    } catch (error) {
      group.forEach((work) => work.fail(error))
      return
    }
    group.forEach((work) => work.succeed())
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
      if (waiting.push({ run, succeed, fail: reject }) === 1) setImmediate(flush)
    })
}

interface Work {
  readonly run: () => void
  readonly succeed: () => void
  readonly fail: (error: unknown) => void
}
