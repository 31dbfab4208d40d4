import * as E from 'fp-ts/Either'
import type { UseStore } from 'idb-keyval'
import type { Clock } from '../clock'
import { failure, type Failure } from '../model/failure'
import { isAboutAll } from './browser-failure'

/** Makes requests inside a transaction. What it returns tells the result, and is asked once that is durable. */
export type Work<A> = (objects: IDBObjectStore) => () => A

export interface BrowserCommit {
  /**
   * Runs work in a transaction; resolves once it is durable. If the transaction fails, none of it has happened, and its error is thrown.
   * Refused as `StorageBroken`, without running, if another began to lead after this one did; what is free is not.
   */
  readonly commit: <A>(work: Work<A>, isFree?: boolean) => Promise<E.Either<Failure, A>>
  /** Begins an epoch, and runs work along with that. Resolves with its number, which is above all before. */
  readonly lead: (onDeposed: () => void, work: Work<void>) => Promise<E.Either<Failure, number>>
}

/**
 * Lets all work that is handed in while a transaction is under way share the next one: alone, each would cost five times as much. If work makes a
 * shared transaction fail, by its size perhaps, each is done alone, so that it fails nobody else's.
 */
export const browserCommit = (use: UseStore, clock: Clock): BrowserCommit => {
  const waiting: Waiting[] = []
  let isCommitting = false
  let epoch = 0
  let latest = 0
  let depose = () => {}

  /** Nearly always nobody has begun an epoch since the last transaction: to ask before writing would cost a way to the database and back. */
  const transact = async (group: readonly Waiting[]) => {
    for (;;) {
      let epochs: Epochs = { latest, own: epoch }
      const done = await use('readwrite', (objects) =>
        durably(objects, latest, () => {
          epochs = { latest, own: epoch }
          return group.map(({ run }) => run(objects, epochs))
        }),
      )
      latest = 'ends' in done ? epochs.latest : done.latest
      if ('ends' in done) return done.ends.forEach((end) => end())
    }
  }

  const commitAll = async () => {
    while (waiting.length > 0) {
      const group = waiting.splice(0, GROUP_MAX)
      try {
        await transact(group)
      } catch (error) {
        const isNobodysFault = group.length === 1 || isAboutAll(error)
        for (const one of group) await (isNobodysFault ? Promise.reject(error) : transact([one])).catch(one.fail)
      }
    }
    isCommitting = false
  }

  const inGroup = <A>(begin: (objects: IDBObjectStore, epochs: Epochs) => () => A): Promise<A> =>
    new Promise((resolve, reject) => {
      waiting.push({
        run: (objects, epochs) => {
          const end = begin(objects, epochs)
          return () => resolve(end())
        },
        fail: reject,
      })
      if (isCommitting) return
      isCommitting = true
      queueMicrotask(() => void commitAll())
    })

  return {
    commit: (work, isFree = false) =>
      inGroup((objects, epochs) => {
        const isDeposed = epochs.latest > epochs.own
        const tell = () => {
          if (!isDeposed) return
          depose()
          depose = () => {}
        }
        if (!isFree && isDeposed)
          return () => {
            tell()
            return E.left(failure('StorageBroken', DEPOSED))
          }
        // The user may have cleared the data of the site: whoever leads still does.
        if (!isFree && epochs.latest < epochs.own) objects.put((epochs.latest = epochs.own), EPOCH)
        const end = work(objects)
        return () => {
          tell()
          return E.right(end())
        }
      }),
    lead: (onDeposed, work) =>
      inGroup((objects, epochs) => {
        // Above all before, also above those that went with cleared data.
        const begun = Math.max(epochs.latest + 1, epochs.own + 1, clock.now())
        objects.put((epochs.latest = epochs.own = begun), EPOCH)
        const end = work(objects)
        return () => {
          end()
          epoch = begun
          depose = onDeposed
          return E.right(begun)
        }
      }),
  }
}

interface Waiting {
  readonly run: (objects: IDBObjectStore, epochs: Epochs) => () => void
  readonly fail: (error: unknown) => void
}

/** Of the database and of this connection to it, in one transaction. */
interface Epochs {
  latest: number
  own: number
}

const EPOCH = 'epoch'

/** A bound for what a transaction holds in memory: a hundred writes and more share its cost well. */
const GROUP_MAX = 256

const DEPOSED = 'Another tab leads this store now: let it write, or lead again.'

/** Undoes all of it, and tells the latest epoch, where that is not the expected one. */
const durably = (
  objects: IDBObjectStore,
  expected: number,
  run: () => readonly (() => void)[],
): Promise<{ readonly ends: readonly (() => void)[] } | { readonly latest: number }> =>
  new Promise((resolve, reject) => {
    const { transaction } = objects
    let reason: unknown = null
    const asked = objects.get(EPOCH)
    asked.addEventListener('success', () => {
      const latest: number = asked.result ?? 0
      if (latest === expected) return
      resolve({ latest })
      transaction.abort()
    })
    transaction.addEventListener('abort', () => reject(reason ?? transaction.error ?? new DOMException(GIVEN_UP, 'AbortError')))
    try {
      const ends = run()
      transaction.addEventListener('complete', () => resolve({ ends }))
    } catch (error) {
      reason = error
      transaction.abort()
    }
  })

const GIVEN_UP = 'The browser gave it up.'
