import { orThrow, type Engine } from './engine'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { fetchForOthers, noteUse, type Fetch } from './get'
import type { Services } from './join-tabs'
import { blobKey, type BlobKey } from './model/ids'
import type { BlobSync, NamespaceOption } from './options'

/** What may be done by another tab. */
export type Passed = Pick<
  BlobSync,
  'delete' | 'restore' | 'resolve' | 'retry' | 'setPriority' | 'setPinned' | 'evict' | 'sync' | 'pause' | 'resume'
> & {
  readonly idle: (signal?: AbortSignal) => Promise<void>
  readonly fetch: Fetch
}

/** What this tab does for all while it leads. */
export const servicesOf = (engine: Engine, own: Passed): Services => ({
  fetch: ([id, namespace], signal) => fetchForOthers(engine, own.fetch)({ namespace, id }, signal),
  delete: ([id, namespace]) => own.delete(id, { namespace }),
  restore: ([id, namespace]) => own.restore(id, { namespace }),
  resolve: ([id, namespace, choice]) => own.resolve(id, choice, { namespace }),
  retry: ([id, namespace]) => own.retry(id, { namespace }),
  retryAll: () => own.retry(),
  setPriority: ([id, namespace, priority]) => own.setPriority(id, priority, { namespace }),
  setPinned: ([id, namespace, isPinned]) => own.setPinned(id, isPinned, { namespace }),
  evict: ([id, namespace]) => own.evict(id, { namespace }),
  used: async ([id, namespace]) => {
    const record = engine.roster.get({ namespace, id })
    if (record !== undefined) noteUse(engine, record)
  },
  sync: ([wait = true, confirmRemovals = false, whole = false], signal) => own.sync({ wait, confirmRemovals, whole, signal }),
  idle: (_, signal) => own.idle(signal),
  pause: async () => own.pause(),
  resume: async () => own.resume(),
})

/** The same calls, done by whichever tab leads. */
export const passedOn = ({ opened, store, takeIn, isFollower }: Engine, { ask }: NonNullable<Engine['tabs']>): Passed => {
  const about = async (id: string, { namespace }: NamespaceOption = {}) => {
    await opened()
    const blob = orThrow(blobKey(id, namespace))
    return { of: [blob.id, blob.namespace] as [BlobKey['id'], BlobKey['namespace']], blob }
  }
  const unlessClosed = (asked: Promise<unknown>) => void asked.catch(() => {})
  const passBlob =
    (verb: 'delete' | 'restore' | 'evict' | 'retry') =>
    async (id: string, given?: NamespaceOption): Promise<void> => {
      const { of, blob } = await about(id, given)
      await ask(verb, of, { blob })
    }
  const retryOne = passBlob('retry')
  return {
    fetch: async (key, signal) => {
      await ask('fetch', [key.id, key.namespace], { blob: key, signal })
      // The answer may be here before the word about the blob.
      const found = await store.record(key)()
      if (isFollower() && E.isRight(found) && O.isSome(found.right)) takeIn(found.right.value)
    },
    delete: passBlob('delete'),
    restore: passBlob('restore'),
    evict: passBlob('evict'),
    resolve: async (id, choice, given) => {
      const { of, blob } = await about(id, given)
      await ask('resolve', [...of, choice], { blob })
    },
    retry: async (id, given) => {
      if (id !== undefined) return retryOne(id, given)
      await opened()
      await ask('retryAll', null)
    },
    setPriority: async (id, priority, given) => {
      const { of, blob } = await about(id, given)
      await ask('setPriority', [...of, priority], { blob })
    },
    setPinned: async (id, isPinned, given) => {
      const { of, blob } = await about(id, given)
      await ask('setPinned', [...of, isPinned], { blob })
    },
    sync: async ({ wait = true, confirmRemovals = false, whole = false, signal } = {}) => {
      await opened()
      return ask('sync', [wait, confirmRemovals, ...(whole ? [true] : [])], { signal })
    },
    idle: async () => {
      await opened()
      await ask('idle', null)
    },
    pause: () => unlessClosed(ask('pause', null)),
    resume: () => unlessClosed(ask('resume', null)),
  }
}
