import type { Either } from 'fp-ts/Either'
import { get, getMany, promisifyRequest, type UseStore } from 'idb-keyval'
import type { Clock } from '../clock'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import { browserCommit, type BrowserCommit } from './browser-commit'
import { connectTo } from './browser-connection'
import { isAboutAll } from './browser-failure'
import { checkRecord } from './check-record'

/**
 * The database of a browser's store. Records and payloads have keys of their own, so that pages of records touch no payload. Errors of the
 * browser are thrown.
 */
export interface BrowserDatabase extends BrowserCommit {
  /** The value of a key; undefined if there is none. */
  readonly get: (key: string) => Promise<unknown>
  readonly records: () => Promise<readonly Either<Failure, BlobRecord>[]>
  /** For what the rest has no name for; keys that begin with `r/`, `p/`, `f/`, `k/` and `n/`, and `epoch`, are taken. */
  readonly use: UseStore
  /** Lets go of the database, once its transactions have ended. */
  readonly close: () => void
}

/** Opened by the first call, and again by the next one after it was lost. */
export const openBrowserDatabase = (name: string, clock: Clock): BrowserDatabase => {
  const { use, close } = connectTo(name, clock)
  return { use, close, get: getTogether(use), records: () => readRecords(use), ...browserCommit(use, clock) }
}

export const recordKey = (key: BlobKey): string => `r/${keyText(key)}`
export const noteKey = (name: string): string => `n/${name}`
export const payloadKey = (key: BlobKey): string => `p/${keyText(key)}`

/** All keys that begin so. */
export const keysBelow = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, `${prefix}\uffff`)

/** The page is blocked no longer than one page of records takes, and other tabs may write in between. */
const readRecords = async (use: UseStore): Promise<readonly Either<Failure, BlobRecord>[]> => {
  const records: Either<Failure, BlobRecord>[] = []
  let range = keysBelow('r/')
  for (;;) {
    const [keys, values] = await use('readonly', (objects) =>
      Promise.all([
        promisifyRequest(objects.getAllKeys(range, PAGE_RECORDS)),
        promisifyRequest(objects.getAll(range, PAGE_RECORDS)),
      ]),
    )
    keys.forEach((key, index) => records.push(checkRecord(placeOf(key), values[index])))
    if (keys.length < PAGE_RECORDS) return records
    range = IDBKeyRange.bound(keys.at(-1), range.upper, true)
  }
}

const placeOf = (key: IDBValidKey): string => (typeof key === 'string' ? key.slice(2) : '')

const PAGE_RECORDS = 500

/** Keys that are asked for in one turn share a transaction: alone, each costs six times as much. A value that cannot be read fails alone. */
const getTogether = (use: UseStore): BrowserDatabase['get'] => {
  let asked: Asked[] = []

  const answerAll = async () => {
    const group = asked
    asked = []
    try {
      const values = await getMany<unknown>(
        group.map(({ key }) => key),
        use,
      )
      group.forEach(({ resolve }, index) => resolve(values[index]))
    } catch (error) {
      for (const { key, resolve, reject } of group)
        await (isAboutAll(error) ? Promise.reject(error) : get<unknown>(key, use)).then(resolve, reject)
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (asked.push({ key, resolve, reject }) === 1) queueMicrotask(() => void answerAll())
    })
}

interface Asked {
  readonly key: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}
