import * as E from 'fp-ts/Either'
import { missing, namespaceIn, type RemoteMemory } from './memory-content'
import type { FlagPower } from './remote'
import { unlessAborted } from './unless-aborted'

/** Flags beside the blobs of a memory. */
export const memoryFlags = (memory: RemoteMemory): FlagPower => ({
  list: ({ namespace, flag, order, signal }) =>
    unlessAborted(signal, () => {
      const { blobs, flags } = namespaceIn(memory, namespace)
      const oldestFirst = [...blobs.keys()].filter((id) => flags.get(id)?.includes(flag) === true)
      return E.right(order === 'oldest' ? oldestFirst : oldestFirst.toReversed())
    }),

  get: (key, { signal } = {}) =>
    unlessAborted(signal, () => {
      const { blobs, flags } = namespaceIn(memory, key.namespace)
      return blobs.has(key.id) ? E.right(flags.get(key.id) ?? []) : E.left(missing(key))
    }),

  set: (key, replacement, { signal } = {}) =>
    unlessAborted(signal, () => {
      const { blobs, flags } = namespaceIn(memory, key.namespace)
      if (!blobs.has(key.id)) return E.left(missing(key))
      flags.set(key.id, [...replacement])
      return E.right(undefined)
    }),
})
