import { promisifyRequest } from 'idb-keyval'
import * as t from 'io-ts'
import { keyText, type BlobKey } from '../model/ids'
import { keysBelow, type BrowserDatabase } from './browser-database'

/**
 * The names of what lies elsewhere than in the database, under a key for each blob that has something there: so they are listed, and looked
 * up, without reading a payload. Requests that `put` and `remove` give tell the name that was there before.
 */
export interface Elsewhere {
  /** To be awaited before a transaction is begun. */
  readonly ready: () => Promise<unknown>
  /** @param names Undefined: the payload lies in the database. */
  readonly put: (objects: IDBObjectStore, key: BlobKey, names: readonly string[] | undefined) => readonly IDBRequest<unknown>[]
  readonly remove: (objects: IDBObjectStore, key: BlobKey) => readonly IDBRequest<unknown>[]
  readonly namesFor: (key: BlobKey) => Promise<readonly string[]>
  readonly names: () => Promise<readonly string[]>
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
    put: (objects, key, names) => {
      if (names === undefined) return known.has(placeOf(key)) ? remove(objects, key) : []
      const asked = objects.get(placeOf(key))
      const [name] = names
      objects.put(names.length === 1 ? name : names, placeOf(key))
      known.add(placeOf(key))
      return [asked]
    },
    remove,
    namesFor: async (key) => elsewhereIn(await get(placeOf(key))),
    names: async () =>
      (await use('readonly', (objects) => promisifyRequest(objects.getAll(keysBelow('f/'))))).flatMap(elsewhereIn),
  }
}

const placeOf = (key: BlobKey): string => `f/${keyText(key)}`

const Names = t.readonlyArray(t.string)

/** The names in a value of the database. */
export const elsewhereIn = (value: unknown): readonly string[] =>
  typeof value === 'string' ? [value] : Names.is(value) ? value : []
