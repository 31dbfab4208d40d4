import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { Namespace } from '../../src/model/ids'
import { restsHere, type BlobRecord } from '../../src/model/record'
import type { RemoteMemory } from '../../src/remote/memory'
import { checkRecord } from '../../src/store/check-record'
import { memoryStore, type Memory } from '../../src/store/memory'
import type { Store } from '../../src/store/store'
import { done } from '../../src/testing/store-ground'

export const namespaceNamed = (memory: RemoteMemory, name: string) =>
  Namespace.is(name) ? memory.namespaces.get(name) : undefined

/** A memory store that leaves its blobs at rest where they are, as one on a disk does. */
export const restingMemoryStore = (memory: Memory): Store => {
  const store = memoryStore(memory)
  let isOpen = false
  const records = () => (isOpen ? memory.records : new Map<string, unknown>())
  return {
    ...store,
    close: () => {
      isOpen = false
      return store.close()
    },
    resting: {
      open: () => async () => {
        isOpen = true
        const all = await done(store.records())
        const rests = (record: (typeof all)[number]) => E.isRight(record) && restsHere(record.right)
        const counts = new Map<Namespace, { blobs: number; bytes: number }>()
        for (const record of all) {
          if (E.isLeft(record) || !rests(record)) continue
          const { blobs, bytes } = counts.get(record.right.namespace) ?? { blobs: 0, bytes: 0 }
          counts.set(record.right.namespace, { blobs: blobs + 1, bytes: bytes + (record.right.sizeBytes ?? 0) })
        }
        return E.right({
          restless: all.filter((record) => !rests(record)),
          counts: Array.from(counts, ([namespace, count]) => ({ namespace, ...count })),
        })
      },
      peek: (key) => {
        const place = `${key.namespace}/${key.id}`
        return records().has(place) ? E.map(O.some<BlobRecord>)(checkRecord(place, records().get(place))) : E.right(O.none)
      },
      all: function* () {
        for (const place of records().keys()) yield [place, () => checkRecord(place, records().get(place))]
      },
    },
  }
}
