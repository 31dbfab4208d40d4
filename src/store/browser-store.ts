import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { noteKey, payloadKey, recordKey, type BrowserDatabase } from './browser-database'
import { attempt } from './browser-failure'
import { browserKeeping } from './browser-keeping'
import { beginningOf, browserKept } from './browser-kept'
import type { Placed, Placement } from './browser-placement'
import { askToPersist, browserRoom } from './browser-room'
import { browserStaging } from './browser-staging'
import { checkRecord } from './check-record'
import type { Store } from './store'

export interface BrowserStoreOptions {
  /** Asks the browser, at the first write of a payload, not to remove by itself what is stored for this site; Firefox asks the user. @default true */
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
  const kept = browserKept(database, placement.dropPieces)
  const keeping = browserKeeping(database, placement, kept)
  const { keep, keepUnless, remember, drop, remove } = keeping
  const underWay = new Set<Promise<unknown>>()
  const stagings = new Set<() => Promise<void>>()
  const lasting = new Map<string, () => Promise<void>>()
  let asksToPersist = persist
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

  const store = <A>(
    what: string,
    record: BlobRecord,
    payload: Payload,
    keepPlaced: (placed: Placed) => Promise<E.Either<Failure, A>>,
  ): TaskEither<Failure, A> =>
    use(`${what} ${keyText(record)}`, async () => {
      if (asksToPersist) askToPersist()
      asksToPersist = false
      const kept = await attempt(`${what} ${keyText(record)}`, async () => {
        const placed = await placement.place(record, payload)
        return E.isLeft(placed) ? placed : keepPlaced(placed.right)
      })
      if (E.isRight(kept) || kept.left._tag !== 'StorageBroken') return kept
      // A file that is gone or has changed since it was chosen makes the browser's transactions fail: that tells more than how they did.
      const first = await payload.read(0, Math.min(1, payload.sizeBytes))()
      return E.isLeft(first) ? first : kept
    })

  const close = async (): Promise<E.Either<Failure, void>> => {
    await Promise.all(underWay)
    return attempt('Closing the store', async () => {
      await Promise.allSettled([...stagings].map((letGo) => letGo()))
      await placement.close?.()
      database.close()
      return E.right(undefined)
    })
  }

  const ground = { placement, use, keeping, stagings, lasting }
  const stage = (key: BlobKey) => use(`Staging ${keyText(key)}`, async () => E.right(browserStaging(key, ground)))

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
    write: (record, payload) => store('Storing', record, payload, (placed) => keep(record, placed)),
    remember: (records) => use('Storing records', () => remember(records)),
    drop: (record) => use(`Dropping ${keyText(record)}`, () => drop(record)),
    remove: (keys) => use('Removing blobs', () => remove(keys)),
    stage,
    keeping: {
      stage,
      restage: (key, sizeBytes) =>
        use(`Staging ${keyText(key)}`, async () => {
          await lasting.get(keyText(key))?.()
          const pieces = beginningOf(await kept.pieces(key), sizeBytes)
          if (pieces === null || sizeBytes === 0 || (await placement.blobOf(pieces)) === null) return E.right(O.none)
          return E.right(O.some(browserStaging(key, ground, pieces)))
        }),
    },
    notes: {
      read: (name) =>
        use('Reading a note', async () => {
          const text = await database.get(noteKey(name))
          return E.right(typeof text === 'string' ? O.some(text) : O.none)
        }),
      write: (name, text) =>
        use('Storing a note', () =>
          database.commit((objects) => {
            if (text === null) objects.delete(noteKey(name))
            else objects.put(text, noteKey(name))
            return () => {}
          }),
        ),
    },
    shared: {
      name,
      lead: (onDeposed) => use('Beginning to lead', () => database.lead(onDeposed, placement.forgetDrafts(kept))),
      add: (record, payload, mayReplace) => store('Adding', record, payload, (placed) => keepUnless(record, placed, mayReplace)),
    },
    room: () => use('Asking for the room on this device', browserRoom),
    close: () => () => (closing ??= close()),
  }
}
