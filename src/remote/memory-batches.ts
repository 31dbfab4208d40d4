import * as E from 'fp-ts/Either'
import { failure } from '../model/failure'
import { checkBatch } from './check-batch'
import { encodeTag } from './encode-tag'
import { existing, missing, namespaceIn, type RemoteMemory } from './memory-content'
import type { BatchPower } from './remote'
import { unlessAborted } from './unless-aborted'

/** Batches into and out of a memory. */
export const memoryBatches = (memory: RemoteMemory): BatchPower => ({
  put: (namespace, blobs, { signal } = {}) =>
    unlessAborted(signal, () => {
      const held = namespaceIn(memory, namespace).blobs
      const batch = checkBatch(blobs)
      if (E.isLeft(batch)) return batch
      return E.right(
        blobs.map(({ id, bytes }) => {
          if (held.has(id)) return E.left(existing({ namespace, id }))
          held.set(id, bytes.slice())
          return E.right(undefined)
        }),
      )
    }),

  get: (namespace, ids, { signal, bytesMax }) =>
    unlessAborted(signal, () => {
      const held = namespaceIn(memory, namespace).blobs
      const sizeBytes = ids.reduce((sum, id) => sum + (held.get(id)?.length ?? 0), 0)
      if (sizeBytes > bytesMax) return E.left(failure('TooLarge', `The batch has ${sizeBytes} bytes, more than ${bytesMax}.`))
      return E.right(
        ids.map((id) => {
          const bytes = held.get(id)
          return bytes === undefined
            ? E.left(missing({ namespace, id }))
            : E.right({ bytes: bytes.slice(), tag: encodeTag(bytes) })
        }),
      )
    }),
})
