import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { Slots } from '../machines'
import { failure, type Failure } from './model/failure'

/** Runs what uses the store, never more than `limit` at once. After `close` every new use is `Aborted`. */
export const storageSlots = (limit: number) => {
  const slots = new Slots<{ granted: () => void }>(limit)
  const inUse = new Set<Promise<unknown>>()
  let isClosed = false
  const aborted = () => E.left(failure('Aborted', 'blobsync was closed.'))

  const use =
    <A>(task: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const holder = { granted: () => {} }
      if (!slots.request(holder)) {
        await new Promise<void>((resolve) => {
          holder.granted = resolve
        })
      }
      const run = isClosed ? Promise.resolve(aborted()) : task()
      inUse.add(run)
      try {
        return await run
      } finally {
        inUse.delete(run)
        slots.release(holder)?.granted()
      }
    }

  return {
    use,
    /** Waits for what is under way. */
    close: async () => {
      isClosed = true
      await Promise.allSettled(inUse)
    },
  }
}
