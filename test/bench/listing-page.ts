import { idbStore } from 'blobsync/store/idb'
import { promisifyRequest } from 'idb-keyval'
import { blobKey } from '../../src/model/ids'
import { newRecord } from '../../src/model/record'
import { checkRecord } from '../../src/store/check-record'
import { expectEqual, expectRight } from '../../src/testing/expect'

/** Who lists: our store, and one request for everything. */
export type Lister = 'idbStore' | 'getAll'

/** Milliseconds: in all, and the longest in which the page could do nothing else. */
export interface Listed {
  readonly wallMs: number
  readonly longestBlockMs: number
}

const NAME = 'listing'
const AT_ONCE = 5_000

/** Fills the database. */
export const fill = async (records: number): Promise<void> => {
  const store = idbStore(NAME)
  for (let from = 0; from < records; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, records - from) }, () =>
      newRecord({
        ...expectRight(blobKey(crypto.randomUUID()), 'a key'),
        status: 'SYNCED',
        isHere: true,
        sizeBytes: 10_000,
        tag: 'AAAAAAAAAAAAAAAAAAAAAA==',
        changedAtMs: 1_700_000_000_000,
      }),
    )
    expectRight(await store.remember(some)(), 'records')
  }
  await store.close()()
}

const atOnce = async (): Promise<number> => {
  const database = await promisifyRequest(indexedDB.open(NAME))
  const objects = database.transaction('blobsync').objectStore('blobsync')
  const range = IDBKeyRange.bound('r/', 'r/\uffff')
  const [keys, values] = await Promise.all([promisifyRequest(objects.getAllKeys(range)), promisifyRequest(objects.getAll(range))])
  const records = keys.map((key, index) => checkRecord(typeof key === 'string' ? key.slice(2) : '', values[index]))
  database.close()
  return records.length
}

const ours = async (): Promise<number> => {
  const store = idbStore(NAME)
  const records = expectRight(await store.records()(), 'the records')
  await store.close()()
  return records.length
}

export const list = async (lister: Lister, records: number): Promise<Listed> => {
  let longestBlockMs = 0
  let lastMs = performance.now()
  const channel = new MessageChannel()
  channel.port1.addEventListener('message', () => {
    const nowMs = performance.now()
    longestBlockMs = Math.max(longestBlockMs, nowMs - lastMs)
    lastMs = nowMs
    channel.port2.postMessage(null)
  })
  channel.port1.start()
  channel.port2.postMessage(null)
  const startMs = performance.now()
  expectEqual(await (lister === 'idbStore' ? ours() : atOnce()), records, 'records')
  const wallMs = performance.now() - startMs
  // The turn in which the listing ended counts too.
  await new Promise((resolve) => setTimeout(resolve))
  channel.port1.close()
  return { wallMs, longestBlockMs }
}

Object.assign(globalThis, { listing: { fill, list } })
