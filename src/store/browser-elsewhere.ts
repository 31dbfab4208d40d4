import { promisifyRequest } from 'idb-keyval'
import { keyText, type BlobKey } from '../model/ids'
import { keysBelow, type BrowserDatabase } from './browser-database'

/**
 * The names of what lies elsewhere than in the database, under a key for each blob that has something there: so they are listed, and looked
 * up, without reading a payload. Requests that `put` and `remove` give tell the name that was there before.
 */
export interface Elsewhere {
  /** To be awaited before a transaction is begun. */
  readonly ready: () => Promise<unknown>
  /** @param name Undefined: the payload lies in the database. */
  readonly put: (objects: IDBObjectStore, key: BlobKey, name: string | undefined) => readonly IDBRequest<unknown>[]
  readonly remove: (objects: IDBObjectStore, key: BlobKey) => readonly IDBRequest<unknown>[]
  readonly name: (key: BlobKey) => Promise<unknown>
  readonly names: () => Promise<readonly unknown[]>
}

export const browserElsewhere = ({ get, use }: BrowserDatabase): Elsewhere => {
  // To ask the database at each write would cost as much as another write. What another tab put elsewhere meanwhile and this one
  // replaces by a payload in the database lies there until the blob is dropped or removed, for which the database is asked.
  const known = new Set<IDBValidKey>()
  let listing: Promise<unknown> | null = null

  const list = async () => {
    try {
      for (const place of await use('readonly', (objects) => promisifyRequest(objects.getAllKeys(keysBelow('f/')))))
        known.add(place)
    } catch (error) {
      listing = null
      throw error
    }
  }

  const remove: Elsewhere['remove'] = (objects, key) => {
    const asked = objects.get(placeOf(key))
    asked.addEventListener('success', () => {
      if (asked.result !== undefined) objects.delete(placeOf(key))
    })
    return [asked]
  }

  return {
    ready: () => (listing ??= list()),
    put: (objects, key, name) => {
      if (name === undefined) return known.has(placeOf(key)) ? remove(objects, key) : []
      const asked = objects.get(placeOf(key))
      objects.put(name, placeOf(key))
      known.add(placeOf(key))
      return [asked]
    },
    remove,
    name: (key) => get(placeOf(key)),
    names: () => use('readonly', (objects) => promisifyRequest(objects.getAll(keysBelow('f/')))),
  }
}

const placeOf = (key: BlobKey): string => `f/${keyText(key)}`
