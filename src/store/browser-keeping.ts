import * as E from 'fp-ts/Either'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import type { Work } from './browser-commit'
import { payloadKey, recordKey, type BrowserDatabase } from './browser-database'
import { elsewhereIn } from './browser-elsewhere'
import { namesOf, piecesIn, type Kept, type Piece } from './browser-kept'
import type { Placed, Placement } from './browser-placement'
import { checkRecord } from './check-record'

type Answer<A> = Promise<E.Either<Failure, A>>

/** The transactions of a browser's store, and what they cause where payloads lie. */
export interface Keeping {
  readonly keep: (record: BlobRecord, placed: Placed) => Answer<void>
  /** @returns the record that is there now. */
  readonly keepUnless: (record: BlobRecord, placed: Placed, mayReplace: (existing: BlobRecord) => boolean) => Answer<BlobRecord>
  /** Keeps pieces of a staging. */
  readonly keepPieces: (record: BlobRecord, pieces: readonly Piece[]) => Answer<boolean>
  readonly forgetPieces: (key: BlobKey) => Answer<void>
  readonly remember: (records: readonly BlobRecord[]) => Answer<void>
  readonly drop: (record: BlobRecord) => Answer<void>
  readonly remove: (keys: readonly BlobKey[]) => Answer<void>
}

export const browserKeeping = ({ commit }: BrowserDatabase, { elsewhere, release }: Placement, kept: Kept): Keeping => {
  const turns = new Map<string, Promise<unknown>>()

  /** Commits, and then clears away what was replaced, or what was placed and is not kept. */
  const change = async <A>(work: Work<Changed<A>>, placed?: Pick<Placed, 'elsewhere' | 'discard'>, isFree = false): Answer<A> => {
    let isKept = false
    try {
      await elsewhere?.ready()
      const changed = await commit(work, isFree)
      if (E.isLeft(changed)) return changed
      isKept = changed.right.isKept === true
      for (const { result } of changed.right.replaced ?? [])
        for (const name of [...elsewhereIn(result), ...namesOf(piecesIn(result))])
          // What was just placed is found where a transaction that seemed lost was made twice, or what it is made of was kept.
          if (placed?.elsewhere?.includes(name) !== true) await release?.(name)
      return E.right(changed.right.answer)
    } finally {
      // Why it is not kept matters more than what this comes to.
      if (!isKept) await placed?.discard?.().catch(() => {})
    }
  }

  const put = (objects: IDBObjectStore, record: BlobRecord, placed: Placed, asks?: boolean): readonly IDBRequest<unknown>[] => {
    objects.put(record, recordKey(record))
    objects.put(placed.value, payloadKey(record))
    placed.along?.(objects)
    return [...kept.forget(objects, record, asks), ...(elsewhere?.put(objects, record, placed.elsewhere) ?? [])]
  }

  const removePayload = (objects: IDBObjectStore, key: BlobKey): readonly IDBRequest<unknown>[] => {
    objects.delete(payloadKey(key))
    return [...kept.forget(objects, key), ...(elsewhere?.remove(objects, key) ?? [])]
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
    keep: (record, placed) =>
      change((objects) => {
        const replaced = put(objects, record, placed)
        return () => ({ answer: undefined, isKept: true, replaced })
      }, placed),
    keepUnless: (record, placed, mayReplace) => {
      let wasPut = false
      // A transaction that seemed lost with its connection may have been made: then it finds itself.
      const isOwn = (existing: BlobRecord) => wasPut && JSON.stringify(existing) === JSON.stringify(record)
      const add: Work<Changed<BlobRecord>> = (objects) => {
        let changed: Changed<BlobRecord> = { answer: record }
        const asked = objects.get(recordKey(record))
        asked.addEventListener('success', () => {
          const existing = checkRecord(keyText(record), asked.result)
          if (E.isRight(existing) && !isOwn(existing.right) && !mayReplace(existing.right)) changed = { answer: existing.right }
          else {
            changed = { answer: record, isKept: true, replaced: put(objects, record, placed, true) }
            wasPut = true
          }
        })
        return () => changed
      }
      return inTurn(keyText(record), () => change(add, placed, true))
    },
    remember: (records) =>
      change((objects) => {
        for (const record of records) objects.put(record, recordKey(record))
        const replaced = records.flatMap((record) => (record.download === null ? kept.forget(objects, record) : []))
        return () => ({ answer: undefined, replaced })
      }),
    keepPieces: (record, pieces) =>
      change(
        (objects) => {
          objects.put(record, recordKey(record))
          const replaced = kept.put(objects, record, pieces)
          return () => ({ answer: true, isKept: true, replaced })
        },
        { elsewhere: namesOf(pieces) },
      ),
    forgetPieces: (key) =>
      change((objects) => {
        const replaced = kept.forget(objects, key)
        return () => ({ answer: undefined, replaced })
      }),
    drop: (record) =>
      change((objects) => {
        objects.put(record, recordKey(record))
        const replaced = removePayload(objects, record)
        return () => ({ answer: undefined, replaced })
      }),
    remove: (keys) =>
      change((objects) => {
        for (const key of keys) objects.delete(recordKey(key))
        const replaced = keys.flatMap((key) => removePayload(objects, key))
        return () => ({ answer: undefined, replaced })
      }),
  }
}

/** What a transaction came to. */
interface Changed<A> {
  readonly answer: A
  /** Whether the database now keeps what was placed. */
  readonly isKept?: boolean
  /** Tell the names of what lay elsewhere for payloads that are no longer there. */
  readonly replaced?: readonly IDBRequest<unknown>[]
}
