import { idbStore } from 'blobsync/store/idb'
import { opfsStore } from 'blobsync/store/opfs'
import type { Store } from '../../src/store/store'
import { createStore, getMany, setMany, type UseStore } from 'idb-keyval'
import { expectRight, expectSome } from '../../src/testing/expect'
import { bytesPayload } from '../../src/model/payload'
import { blobKey } from '../../src/model/ids'
import { newRecord } from '../../src/model/record'
import { openFiles } from './stores-files'

/** Who is measured: our stores, and what one would write without them. */
export type Subject = 'idbStore' | 'opfsStore' | 'idb-keyval' | 'files'

export interface Job {
  readonly subject: Subject
  readonly blobs: number
  readonly blobBytes: number
  /** Other than the default of our stores. */
  readonly inlineBytesMax?: number
}

/** Milliseconds. */
export interface Result {
  readonly put: number
  readonly get: number
}

/** So many are under way at once, which is how many share a `setMany`. */
const TOGETHER = 50

/** What keeps bytes under an id. */
interface Shelf {
  readonly put: (group: readonly Item[]) => Promise<unknown>
  readonly get: (ids: readonly string[]) => Promise<readonly (Uint8Array | undefined)[]>
  readonly close: () => Promise<unknown>
}

interface Item {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const ours = (store: Store): Shelf => ({
  put: (group) =>
    Promise.all(
      group.map(async ({ id, bytes }) => {
        const record = newRecord({
          ...keyOf(id),
          status: 'PENDING_UPLOAD',
          isHere: true,
          sizeBytes: bytes.length,
          changedAtMs: Date.now(),
        })
        expectRight(await store.write(record, bytesPayload(bytes))(), 'a write')
      }),
    ),
  get: (ids) =>
    Promise.all(
      ids.map(async (id) => {
        const payload = expectSome(expectRight(await store.read(keyOf(id))(), 'a read'), 'a payload')
        return expectRight(await payload.read()(), 'its bytes')
      }),
    ),
  close: store.close(),
})

const keyOf = (id: string) => expectRight(blobKey(id), 'a key')

const plain = (name: string): Shelf => {
  const relaxed = createStore(name, 'values')
  const opened = relaxed('readonly', (objects) => objects.transaction.db)
  const strict: UseStore = async (mode, run) =>
    run((await opened).transaction('values', mode, { durability: 'strict' }).objectStore('values'))
  return {
    put: (group) =>
      setMany(
        group.map(({ id, bytes }) => [id, bytes]),
        strict,
      ),
    get: (ids) => getMany<Uint8Array>(ids.slice(), strict),
    close: async () => (await opened).close(),
  }
}

const shelves: Readonly<Record<Subject, (name: string, options: { inlineBytesMax?: number }) => Shelf>> = {
  idbStore: (name, options) => ours(idbStore(name, options)),
  opfsStore: (name, options) => ours(opfsStore(name, options)),
  'idb-keyval': plain,
  files: openFiles,
}

const itemOf = (index: number, blobBytes: number): Item => {
  const bytes = new Uint8Array(blobBytes)
  // As much as the browser gives at once; nothing in it can be made smaller.
  for (let at = 0; at < blobBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, blobBytes)))
  return { id: `blob-${index}`, bytes }
}

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

/** Puts all, gets all and checks them, on a shelf that was used a little before. */
export const measure = async ({ subject, blobs, blobBytes, ...options }: Job): Promise<Result> => {
  const shelf = shelves[subject](`bench-${crypto.randomUUID()}`, options)
  const warm = Array.from({ length: 10 }, (_, index) => ({ ...itemOf(index, blobBytes), id: `warm-${index}` }))
  await shelf.put(warm)
  await shelf.get(warm.map(({ id }) => id))
  const items = Array.from({ length: blobs }, (_, index) => itemOf(index, blobBytes))
  const groups = Array.from({ length: Math.ceil(blobs / TOGETHER) }, (_, index) =>
    items.slice(index * TOGETHER, (index + 1) * TOGETHER),
  )
  const put = await timed(async () => {
    for (const group of groups) await shelf.put(group)
  })
  const got: (Uint8Array | undefined)[] = []
  const get = await timed(async () => {
    for (const group of groups) got.push(...(await shelf.get(group.map(({ id }) => id))))
  })
  for (const [index, { bytes }] of items.entries())
    if (got[index]?.length !== bytes.length || got[index]?.at(-1) !== bytes.at(-1)) throw new Error(`${subject} lost bytes`)
  await shelf.close()
  return { put, get }
}

Object.assign(globalThis, { measure })
