import * as E from 'fp-ts/Either'
import { getMany } from 'idb-keyval'
import { keysBelow, type BrowserDatabase } from './browser-database'
import type { Work } from './browser-commit'
import { gone, namesOf, type Piece } from './browser-kept'
import type { Draft, Placement } from './browser-placement'

/** Drafts of one connection, under keys that nobody else writes to. */
export interface IdbDrafts {
  readonly draft: (kept: readonly Piece[]) => Draft
  readonly blobOf: (pieces: readonly Piece[]) => Promise<Blob | null>
  readonly drop: (objects: IDBObjectStore, pieces: readonly Piece[]) => void
  /** Removes those of all others, crashed or led by now, but for what is kept. */
  readonly forgetOthers: Placement['forgetDrafts']
}

/**
 * Each piece is a `Blob` in the database. The payload is made of all pieces, which the browser then copies without
 * their passing through the memory of the page.
 */
export const idbDrafts = ({ use, commit }: BrowserDatabase): IdbDrafts => {
  const own = `s/${crypto.randomUUID()}/`
  let drafts = 0

  const drop: IdbDrafts['drop'] = (objects, pieces) => {
    for (const { at } of pieces) objects.delete(at)
  }

  const blobOf: IdbDrafts['blobOf'] = async (pieces) => {
    const found: unknown[] = await getMany([...namesOf(pieces)], use)
    const blobs = found.filter((value) => value instanceof Blob).map((blob, index) => blob.slice(0, pieces[index]?.sizeBytes))
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0)
    const whole = new Blob(blobs)
    return blobs.length === pieces.length && whole.size === sizeBytes ? whole : null
  }

  const draft: IdbDrafts['draft'] = (kept) => {
    const prefix = `${own}${drafts++}/`
    const pieces = [...kept]
    const dropAll =
      (dropped: readonly Piece[]): Work<void> =>
      (objects) => {
        drop(objects, dropped)
        return () => undefined
      }
    const discard: Draft['discard'] = async (stay) => {
      const staying = new Set(namesOf(stay))
      const mine = pieces.filter(({ at }) => at.startsWith(own) && !staying.has(at))
      if (mine.length > 0) await commit(dropAll(mine), true)
    }
    return {
      append: (bytes) => {
        const at = `${prefix}${String(pieces.length).padStart(9, '0')}`
        pieces.push({ at, sizeBytes: bytes.length })
        return commit((objects) => {
          objects.put(new Blob([bytes]), at)
          return () => undefined
        })
      },
      keep: async () => [...pieces],
      end: async (stay) => {
        const value = await blobOf(pieces)
        return value === null ? gone : E.right({ value, along: dropAll(pieces), discard: () => discard(stay) })
      },
      discard,
    }
  }

  return {
    draft,
    blobOf,
    drop,
    forgetOthers: (kept) => (objects) => {
      kept.learn(objects, (names) => {
        if (names.size === 0) {
          const { lower, upper } = keysBelow('s/')
          objects.delete(IDBKeyRange.bound(lower, own))
          objects.delete(IDBKeyRange.bound(keysBelow(own).upper, upper))
          return
        }
        const asked = objects.getAllKeys(keysBelow('s/'))
        asked.addEventListener('success', () => {
          for (const at of asked.result) if (typeof at === 'string' && !at.startsWith(own) && !names.has(at)) objects.delete(at)
        })
      })
      return () => undefined
    },
  }
}
