import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { Slots } from '../machines'
import { failure, type Failure } from './model/failure'

interface Holder {
  granted: () => void
  /** Uses under way that share the slot. */
  uses: number
  /** Uses that ever shared it: when it has served a whole batch, the next ones queue for another, behind those that wait. */
  joined: number
}

/**
 * Runs what uses the store, never more than `limit` at once; the blobs of a batch may share a slot, as they share their request.
 * After `close` every new use is `Aborted`.
 */
export const storageSlots = (limit: number, batchBlobs: number) => {
  const slots = new Slots<Holder>(limit)
  const inUse = new Set<Promise<unknown>>()
  let shared: { readonly holder: Holder; readonly isGranted: Promise<void> } | null = null
  let isClosed = false
  const aborted = () => E.left(failure('Aborted', 'blobsync was closed.'))

  const request = () => {
    const holder: Holder = { granted: () => {}, uses: 0, joined: 0 }
    const isGranted = slots.request(holder)
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          holder.granted = resolve
        })
    return { holder, isGranted }
  }

  const requestShared = () => {
    if (shared === null || shared.holder.uses === 0 || shared.holder.joined >= batchBlobs) shared = request()
    return shared
  }

  const run =
    <A>(ask: typeof request, task: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const { holder, isGranted } = ask()
      holder.uses += 1
      holder.joined += 1
      await isGranted
      // A task that throws before it gives a promise must free its slot too.
      const using = (async () => (isClosed ? aborted() : task()))()
      inUse.add(using)
      try {
        return await using
      } finally {
        inUse.delete(using)
        holder.uses -= 1
        if (holder.uses === 0) slots.release(holder)?.granted()
      }
    }

  return {
    use: <A>(task: TE.TaskEither<Failure, A>) => run(request, task),
    /** As `use`, in a slot that others of a batch may share. */
    share: <A>(task: TE.TaskEither<Failure, A>) => run(requestShared, task),
    /** Waits for what is under way. */
    close: async () => {
      isClosed = true
      await Promise.allSettled(inUse)
    },
  }
}
