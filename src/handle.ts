import { orThrow, type Engine } from './engine'
import { blobKey } from './model/ids'
import type { BlobSync, BlobView } from './options'

/** One blob to look at; while somebody does, its actor is alive. */
export const handle =
  ({ shown, send }: Engine): BlobSync['blob'] =>
  (id, given = {}) => {
    const key = orThrow(blobKey(id, given.namespace))
    let last = shown.view(key)
    const getSnapshot = (): BlobView => {
      const next = shown.view(key)
      if (next !== last && JSON.stringify(next) !== JSON.stringify(last)) last = next
      return last
    }
    return {
      getSnapshot,
      subscribe: (listener) => {
        let told: BlobView | null = null
        const tell = () => {
          const next = getSnapshot()
          if (next === told) return
          told = next
          listener(next)
        }
        const stop = shown.observe(key, tell)
        send({ type: 'blob.observed', key })
        tell()
        return () => {
          stop()
          send({ type: 'blob.unobserved', key })
        }
      },
    }
  }
