import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { payloadKey, recordKey, type BrowserDatabase } from './browser-database'
import { attempt } from './browser-failure'
import type { Placed, Placement } from './browser-placement'
import { browserRoom, persistOnce } from './browser-room'
import { browserStaging } from './browser-staging'
import { checkRecord } from './check-record'
import type { Store } from './store'

export interface BrowserStoreOptions {
  /** Asks the browser, at the first write of a payload, not to remove by itself what is stored for this site. @default true */
  readonly persist?: boolean
}

/**
 * A store over a database of the browser, wherever its payloads lie.
 *
 * @param name The same for all that open this store, and for no other.
 */
export const browserStore = (
  name: string,
  database: BrowserDatabase,
  placement: Placement,
  { persist = true }: BrowserStoreOptions,
): Store => {
  const underWay = new Set<Promise<unknown>>()
  const stagings = new Set<() => Promise<void>>()
  const askToPersist = persist ? persistOnce() : () => {}
  let closing: Promise<E.Either<Failure, void>> | null = null

  const use =
    <A>(what: string, run: () => Promise<E.Either<Failure, A>>): TaskEither<Failure, A> =>
    () => {
      if (closing !== null) return Promise.resolve(E.left(failure('StorageBroken', 'The store is closed.')))
      const result = attempt(what, run)
      underWay.add(result)
      void result.then(() => underWay.delete(result))
      return result
    }

  /** Asks for what the database keeps for a payload, before it is replaced. */
  const behind = (objects: IDBObjectStore, key: BlobKey): (() => unknown) => {
    if (placement.release === undefined) return () => undefined
    const asked = objects.get(payloadKey(key))
    return () => asked.result
  }

  const release = async (replaced: E.Either<Failure, readonly unknown[]>): Promise<E.Either<Failure, void>> => {
    if (E.isLeft(replaced)) return replaced
    for (const value of replaced.right) if (value !== undefined) await placement.release?.(value)
    return E.right(undefined)
  }

  const put = (objects: IDBObjectStore, record: BlobRecord, { value, along }: Placed): (() => unknown) => {
    const replaced = behind(objects, record)
    objects.put(record, recordKey(record))
    objects.put(value, payloadKey(record))
    along?.(objects)
    return replaced
  }

  /** Whatever has been placed goes away again unless the database keeps it. */
  const unlessKept = async <A>(placed: Placed, run: () => Promise<E.Either<Failure, A>>, isKept: (result: A) => boolean) => {
    let kept = false
    try {
      const result = await run()
      kept = E.isRight(result) && isKept(result.right)
      return result
    } finally {
      if (!kept) await placed.discard?.()
    }
  }

  const keep = (record: BlobRecord, placed: Placed): Promise<E.Either<Failure, void>> =>
    unlessKept(
      placed,
      async () =>
        release(
          await database.commit((objects) => {
            const replaced = put(objects, record, placed)
            return () => [replaced()]
          }),
        ),
      () => true,
    )

  const keepUnless = async (
    record: BlobRecord,
    placed: Placed,
    mayReplace: (existing: BlobRecord) => boolean,
  ): Promise<E.Either<Failure, BlobRecord>> => {
    const added = await unlessKept(
      placed,
      () =>
        database.commit((objects) => {
          let there = record
          let replaced = (): unknown => undefined
          const asked = objects.get(recordKey(record))
          asked.addEventListener('success', () => {
            const existing = checkRecord(keyText(record), asked.result)
            if (E.isRight(existing) && !mayReplace(existing.right)) there = existing.right
            else replaced = put(objects, record, placed)
          })
          return () => ({ there, replaced: replaced() })
        }, true),
      ({ there }) => there === record,
    )
    if (E.isLeft(added)) return added
    const released = await release(E.right([added.right.replaced]))
    return E.isLeft(released) ? released : E.right(added.right.there)
  }

  const close = async (): Promise<E.Either<Failure, void>> => {
    await Promise.all(underWay)
    return attempt('Closing the store', async () => {
      await Promise.all([...stagings].map((discard) => discard()))
      database.close()
      return E.right(undefined)
    })
  }

  return {
    records: () => use('Reading the records', async () => E.right(await database.records())),
    record: (key) =>
      use(`Reading the record of ${keyText(key)}`, async () => {
        const value = await database.get(recordKey(key))
        return value === undefined ? E.right(O.none) : E.map(O.some<BlobRecord>)(checkRecord(keyText(key), value))
      }),
    read: (key) =>
      use(`Reading ${keyText(key)}`, async () => {
        const value = await database.get(payloadKey(key))
        return value === undefined ? E.right(O.none) : E.map(O.some<Payload>)(await placement.payloadAt(key, value))
      }),
    write: (record, payload) =>
      use(`Storing ${keyText(record)}`, async () => {
        askToPersist()
        const placed = await placement.place(record, payload)
        return E.isLeft(placed) ? placed : keep(record, placed.right)
      }),
    remember: (records) =>
      use('Storing records', () =>
        database.commit((objects) => {
          for (const record of records) objects.put(record, recordKey(record))
          return () => undefined
        }),
      ),
    drop: (record) =>
      use(`Dropping ${keyText(record)}`, async () =>
        release(
          await database.commit((objects) => {
            const replaced = behind(objects, record)
            objects.put(record, recordKey(record))
            objects.delete(payloadKey(record))
            return () => [replaced()]
          }),
        ),
      ),
    remove: (keys) =>
      use('Removing blobs', async () =>
        release(
          await database.commit((objects) => {
            const replaced = keys.map((key) => behind(objects, key))
            for (const key of keys) {
              objects.delete(recordKey(key))
              objects.delete(payloadKey(key))
            }
            return () => replaced.map((value) => value())
          }),
        ),
      ),
    stage: (key) => use(`Staging ${keyText(key)}`, async () => E.right(browserStaging(key, { placement, use, keep, stagings }))),
    shared: {
      name,
      lead: (onDeposed) => use('Beginning to lead', () => database.lead(onDeposed, placement.forgetDrafts)),
      add: (record, payload, mayReplace) =>
        use(`Adding ${keyText(record)}`, async () => {
          askToPersist()
          const placed = await placement.place(record, payload)
          return E.isLeft(placed) ? placed : keepUnless(record, placed.right, mayReplace)
        }),
    },
    room: () => use('Asking for the room on this device', browserRoom),
    close: () => () => (closing ??= close()),
  }
}
