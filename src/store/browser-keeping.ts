import * as E from 'fp-ts/Either'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import type { Work } from './browser-commit'
import { payloadKey, recordKey, type BrowserDatabase } from './browser-database'
import type { Placed, Placement } from './browser-placement'
import { checkRecord } from './check-record'

type Answer<A> = Promise<E.Either<Failure, A>>

/** The transactions of a browser's store, and what they cause where payloads lie. */
export interface Keeping {
  readonly keep: (record: BlobRecord, placed: Placed) => Answer<void>
  /** @returns the record that is there now. */
  readonly keepUnless: (record: BlobRecord, placed: Placed, mayReplace: (existing: BlobRecord) => boolean) => Answer<BlobRecord>
  readonly remember: (records: readonly BlobRecord[]) => Answer<void>
  readonly drop: (record: BlobRecord) => Answer<void>
  readonly remove: (keys: readonly BlobKey[]) => Answer<void>
}

export const browserKeeping = (database: BrowserDatabase, { elsewhere, release }: Placement): Keeping => {
  const turns = new Map<string, Promise<unknown>>()

  const commit = async <A>(work: Work<A>, isFree?: boolean): Answer<A> => {
    await elsewhere?.ready()
    return database.commit(work, isFree)
  }

  const put = (objects: IDBObjectStore, record: BlobRecord, placed: Placed): (() => unknown) => {
    objects.put(record, recordKey(record))
    objects.put(placed.value, payloadKey(record))
    placed.along?.(objects)
    return elsewhere?.put(objects, record, placed.elsewhere) ?? nothing
  }

  const removePayload = (objects: IDBObjectStore, key: BlobKey): (() => unknown) => {
    objects.delete(payloadKey(key))
    return elsewhere?.remove(objects, key) ?? nothing
  }

  const clearAway = async (names: readonly unknown[]) => {
    for (const name of names) if (typeof name === 'string') await release?.(name)
  }

  const cleared = async (replaced: E.Either<Failure, readonly unknown[]>): Answer<void> => {
    if (E.isLeft(replaced)) return replaced
    await clearAway(replaced.right)
    return E.right(undefined)
  }

  /** What has been placed goes away again unless the database keeps it. */
  const unlessKept = async <A>(placed: Placed, kept: Answer<A>, isKept: (result: A) => boolean): Answer<A> => {
    let isThere = false
    try {
      const result = await kept
      isThere = E.isRight(result) && isKept(result.right)
      return result
    } finally {
      // Why it is not there matters more than what this comes to.
      if (!isThere) await placed.discard?.().catch(() => {})
    }
  }

  /** In one transaction, all that look would look before any of them wrote. */
  const inTurn = <A>(place: string, run: () => Promise<A>): Promise<A> => {
    const turn = (turns.get(place) ?? Promise.resolve()).then(run, run)
    turns.set(place, turn)
    const end = () => turns.get(place) === turn && turns.delete(place)
    turn.then(end, end)
    return turn
  }

  return {
    keep: async (record, placed) => {
      const kept = commit((objects) => {
        const replaced = put(objects, record, placed)
        return () => [replaced()]
      })
      return cleared(await unlessKept(placed, kept, () => true))
    },
    keepUnless: async (record, placed, mayReplace) => {
      const add: Work<Added> = (objects) => {
        let there = record
        let replaced: () => unknown = nothing
        const asked = objects.get(recordKey(record))
        asked.addEventListener('success', () => {
          const existing = checkRecord(keyText(record), asked.result)
          if (E.isRight(existing) && !mayReplace(existing.right)) there = existing.right
          else replaced = put(objects, record, placed)
        })
        return () => ({ there, replaced: replaced() })
      }
      const kept = inTurn(keyText(record), () => commit(add, true))
      const added = await unlessKept(placed, kept, ({ there }) => there === record)
      if (E.isLeft(added)) return added
      await clearAway([added.right.replaced])
      return E.right(added.right.there)
    },
    remember: (records) =>
      database.commit((objects) => {
        for (const record of records) objects.put(record, recordKey(record))
        return () => undefined
      }),
    drop: async (record) => {
      const dropped = await commit((objects) => {
        objects.put(record, recordKey(record))
        const replaced = removePayload(objects, record)
        return () => [replaced()]
      })
      return cleared(dropped)
    },
    remove: async (keys) => {
      const removed = await commit((objects) => {
        for (const key of keys) objects.delete(recordKey(key))
        const replaced = keys.map((key) => removePayload(objects, key))
        return () => replaced.map((name) => name())
      })
      return cleared(removed)
    },
  }
}

const nothing = () => undefined

interface Added {
  readonly there: BlobRecord
  /** The name of what lay elsewhere before. */
  readonly replaced: unknown
}
