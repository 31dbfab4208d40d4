import * as E from 'fp-ts/Either'
import { promisifyRequest } from 'idb-keyval'
import { failure } from '../model/failure'
import { keysBelow, type BrowserDatabase } from './browser-database'
import type { Work } from './browser-commit'
import type { Draft } from './browser-placement'

/** Drafts of one connection, under keys that nobody else writes to. */
export interface IdbDrafts {
  readonly draft: () => Draft
  /** Removes those of all others: crashed, or led by now. */
  readonly forgetOthers: Work<void>
}

/**
 * Each piece is a `Blob` in the database. The payload is made of all pieces, which the browser then copies without
 * their passing through the memory of the page.
 */
export const idbDrafts = ({ use, commit }: BrowserDatabase): IdbDrafts => {
  const own = `s/${crypto.randomUUID()}/`
  let drafts = 0

  const draft = (): Draft => {
    const prefix = `${own}${drafts++}/`
    let pieces = 0
    let sizeBytes = 0
    const remove = (objects: IDBObjectStore) => {
      objects.delete(keysBelow(prefix))
      return () => undefined
    }
    const discard = async () => {
      await commit(remove, true)
    }
    return {
      append: (bytes) => {
        sizeBytes += bytes.length
        const key = `${prefix}${String(pieces++).padStart(9, '0')}`
        return commit((objects) => {
          objects.put(new Blob([bytes]), key)
          return () => undefined
        })
      },
      end: async () => {
        const found: Blob[] = await use('readonly', (objects) => promisifyRequest(objects.getAll(keysBelow(prefix))))
        const value = new Blob(found)
        return value.size === sizeBytes
          ? E.right({ value, along: remove, discard })
          : E.left(failure('StorageBroken', 'What was staged is gone: another tab led meanwhile, or its data was cleared.'))
      },
      discard,
    }
  }

  return {
    draft,
    forgetOthers: (objects) => {
      const { lower, upper } = keysBelow('s/')
      objects.delete(IDBKeyRange.bound(lower, own))
      objects.delete(IDBKeyRange.bound(keysBelow(own).upper, upper))
      return () => undefined
    },
  }
}
