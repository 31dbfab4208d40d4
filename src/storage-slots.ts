import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from './model/failure'

/** Turns at the store, as the coordinator grants them. After `close` every new use is `Aborted`. */
export const storageSlots = (request: (holder: string) => void) => {
  const waiting = new Map<string, () => void>()
  const inUse = new Set<Promise<unknown>>()
  let holders = 0
  let isClosed = false
  const use = async <A>(task: TE.TaskEither<Failure, A>, release: (holder: string) => void): Promise<E.Either<Failure, A>> => {
    const aborted = () => E.left(failure('Aborted', 'blobsync was closed.'))
    if (isClosed) return aborted()
    const holder = String(holders++)
    await new Promise<void>((granted) => {
      waiting.set(holder, granted)
      request(holder)
    })
    if (isClosed) return aborted()
    const run = task()
    inUse.add(run)
    try {
      return await run
    } finally {
      inUse.delete(run)
      if (!isClosed) release(holder)
    }
  }
  return {
    use:
      <A>(task: TE.TaskEither<Failure, A>, release: (holder: string) => void) =>
      () =>
        use(task, release),
    granted: (holder: string) => {
      waiting.get(holder)?.()
      waiting.delete(holder)
    },
    close: async () => {
      isClosed = true
      for (const granted of waiting.values()) granted()
      await Promise.allSettled(inUse)
    },
  }
}
