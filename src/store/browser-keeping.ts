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

export const browserKeeping = ({ commit }: BrowserDatabase, placement: Placement): Keeping => {
  const turns = new Map<string, Promise<unknown>>()

  /** Asks for what the database keeps for a payload, before that is replaced. */
  const behind = (objects: IDBObjectStore, key: BlobKey): (() => unknown) => {
    if (placement.release === undefined) return () => undefined
    const asked = objects.get(payloadKey(key))
    return () => asked.result
  }

  const release = async (values: readonly unknown[]) => {
    for (const value of values) if (value !== undefined) await placement.release?.(value)
  }

  const released = async (replaced: E.Either<Failure, readonly unknown[]>): Answer<void> => {
    if (E.isLeft(replaced)) return replaced
    await release(replaced.right)
    return E.right(undefined)
  }

  const put = (objects: IDBObjectStore, record: BlobRecord, { value, along }: Placed): (() => unknown) => {
    const replaced = behind(objects, record)
    objects.put(record, recordKey(record))
    objects.put(value, payloadKey(record))
    along?.(objects)
    return replaced
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
      return released(await unlessKept(placed, kept, () => true))
    },
    keepUnless: async (record, placed, mayReplace) => {
      const add: Work<Added> = (objects) => {
        let there = record
        let replaced = (): unknown => undefined
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
      await release([added.right.replaced])
      return E.right(added.right.there)
    },
    remember: (records) =>
      commit((objects) => {
        for (const record of records) objects.put(record, recordKey(record))
        return () => undefined
      }),
    drop: async (record) => {
      const dropped = await commit((objects) => {
        const replaced = behind(objects, record)
        objects.put(record, recordKey(record))
        objects.delete(payloadKey(record))
        return () => [replaced()]
      })
      return released(dropped)
    },
    remove: async (keys) => {
      const removed = await commit((objects) => {
        const replaced = keys.map((key) => behind(objects, key))
        for (const key of keys) {
          objects.delete(recordKey(key))
          objects.delete(payloadKey(key))
        }
        return () => replaced.map((value) => value())
      })
      return released(removed)
    },
  }
}

interface Added {
  readonly there: BlobRecord
  /** What the database kept for the payload before. */
  readonly replaced: unknown
}
