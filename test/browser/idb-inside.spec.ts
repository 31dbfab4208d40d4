import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { cdp } from 'vitest/browser'
import { afterEach, expect, test, vi } from 'vitest'
import { failure } from '../../src/model/failure'
import { blobPayload, bytesPayload } from '../../src/model/payload'
import { idbStore, type IdbStoreOptions } from '../../src/store/idb'
import type { Store } from '../../src/store/store'
import { behind, bytesOf, done, failed, idsIn, key, keysOf, payloadOf, recordOf } from './idb-ground'

const stores: Store[] = []
const open = (name: string, options?: IdbStoreOptions): Store => {
  const store = idbStore(name, options)
  stores.push(store)
  return store
}
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(stores.splice(0).map((store) => done(store.close())))
})

const write = (store: Store, id: string, sizeBytes = 10) =>
  store.write(recordOf(id, { sizeBytes }), bytesPayload(bytesOf(sizeBytes)))

const lead = (store: Store, onDeposed = () => {}) => done(store.shared!.lead(onDeposed))

/** Every transaction that is made from now on, with whether it is complete. */
const watchTransactions = () => {
  const seen: { mode: IDBTransactionMode; durability: string; isComplete: boolean }[] = []
  const databases = IDBDatabase.prototype as unknown as Record<'transaction', (...given: unknown[]) => IDBTransaction>
  const original = databases['transaction']
  vi.spyOn(databases, 'transaction').mockImplementation(function (this: unknown, ...given) {
    const transaction = original.apply(this, given)
    const one = { mode: transaction.mode, durability: transaction.durability, isComplete: false }
    seen.push(one)
    transaction.addEventListener('complete', () => (one.isComplete = true))
    return transaction
  })
  return seen
}

test('a hundred thousand records are listed in order, in bounded pages that touch no payload and let the page run in between', async () => {
  const COUNT = 100_000
  const store = open(crypto.randomUUID())
  const ids = Array.from({ length: COUNT }, (_, index) => `blob-${String(index).padStart(6, '0')}`)
  for (let from = 0; from < COUNT; from += 10_000) {
    await done(store.remember(ids.slice(from, from + 10_000).map((id) => recordOf(id))))
  }
  for (const id of ['blob-000000', 'blob-050000', 'blob-099999']) await done(write(store, id, 300_000))
  const results: (() => unknown)[] = []
  const requests = IDBObjectStore.prototype as unknown as Record<string, (...given: unknown[]) => IDBRequest<unknown>>
  for (const verb of ['get', 'getAll', 'getAllKeys', 'openCursor', 'getKey', 'openKeyCursor']) {
    const original = requests[verb]!
    vi.spyOn(requests, verb).mockImplementation(function (this: unknown, ...given) {
      const request = original.apply(this, given)
      results.push(() => request.result)
      return request
    })
  }
  let turns = 0
  const channel = new MessageChannel()
  channel.port1.addEventListener('message', () => {
    turns += 1
    channel.port2.postMessage(null)
  })
  channel.port1.start()
  channel.port2.postMessage(null)
  expect(await idsIn(store)).toEqual(ids)
  channel.port1.close()
  const pages = results.map((result) => result()).filter(Array.isArray)
  expect(results.length).toBe(pages.length)
  expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(1_000)
  expect(turns).toBeGreaterThanOrEqual(pages.length / 2)
  for (const value of pages.flat()) {
    const isRecord = typeof value === 'object' && value !== null && 'status' in value
    if (!isRecord && !(typeof value === 'string' && value.startsWith('r/'))) throw new Error(`Not of a record: ${String(value)}`)
  }
}, 60_000)

test('writes that wait together share transactions, which are strict, and none resolves before its own is complete', async () => {
  const store = open(crypto.randomUUID())
  await done(store.records())
  const transactions = watchTransactions()
  await done(write(store, 'first'))
  expect(transactions).toEqual([{ mode: 'readwrite', durability: 'strict', isComplete: true }])
  await Promise.all(Array.from({ length: 200 }, (_, index) => done(write(store, `blob-${index}`))))
  expect(transactions.length).toBeLessThanOrEqual(3)
  expect(transactions.every(({ durability, isComplete }) => durability === 'strict' && isComplete)).toBe(true)
  expect(await idsIn(store)).toHaveLength(201)
})

test('what is asked for together shares a transaction', async () => {
  const store = open(crypto.randomUUID())
  for (const id of ['a', 'b', 'c']) await done(write(store, id))
  const transactions = watchTransactions()
  const read = await Promise.all(['a', 'b', 'c', 'none'].map((id) => payloadOf(store, id)))
  expect(read.map((bytes) => bytes?.length)).toEqual([10, 10, 10, undefined])
  expect(transactions).toHaveLength(1)
})

test('small payloads rest as bytes, large ones as Blobs, and a File leaves its name behind', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  await done(write(store, 'small', 65_536))
  await done(write(store, 'large', 65_537))
  const file = new File([bytesOf(100_000)], 'private name.txt', { type: 'text/plain' })
  await done(store.write(recordOf('file'), blobPayload(file)))
  const at = (id: string) => behind<unknown>(name, (objects) => objects.get(`p/default/${id}`))
  expect(await at('small')).toBeInstanceOf(Uint8Array)
  expect(await at('large')).toBeInstanceOf(Blob)
  expect(await at('file')).toBeInstanceOf(Blob)
  expect(await at('file')).not.toBeInstanceOf(File)
  expect(await payloadOf(store, 'file')).toEqual(bytesOf(100_000))
})

test('a large payload passes through the memory of the page neither when it is stored nor before it is read, and then only the part', async () => {
  const store = open(crypto.randomUUID())
  const blob = new Blob([bytesOf(2_000_000)])
  const refused = () => TE.left(failure('Corrupt', 'It was read.'))
  await done(store.write(recordOf('a'), { sizeBytes: blob.size, read: refused, blob: () => TE.right(blob) }))
  const sizes: number[] = []
  const blobs = Blob.prototype as unknown as Record<'arrayBuffer', () => Promise<ArrayBuffer>>
  const original = blobs['arrayBuffer']
  vi.spyOn(blobs, 'arrayBuffer').mockImplementation(function (this: Blob) {
    sizes.push(this.size)
    return original.call(this)
  })
  const payload = await done(store.read(key('a')))
  if (O.isNone(payload)) throw new Error('It is not there.')
  expect(payload.value.sizeBytes).toBe(2_000_000)
  expect(sizes).toEqual([])
  expect(await done(payload.value.read(1_500_000, 1_500_100))).toEqual(bytesOf(2_000_000).slice(1_500_000, 1_500_100))
  expect(sizes).toEqual([100])
})

test('a large staging goes to the database in pieces, and leaves none behind when it is committed, discarded, or the store closes', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  const staged = async (id: string) => {
    const staging = await done(store.stage(key(id)))
    for (let piece = 0; piece < 11; piece += 1) await done(staging.append(bytesOf(1_000_000, piece)))
    return staging
  }
  const [kept, dropped] = [await staged('a'), await staged('b')]
  await staged('c')
  expect(await keysOf(name, 's/')).toHaveLength(6)
  expect(await keysOf(name, 'r/')).toEqual([])
  await done(kept.commit(recordOf('a')))
  await done(dropped.discard())
  expect(await keysOf(name, 's/')).toHaveLength(2)
  await done(store.close())
  expect(await keysOf(name, 's/')).toEqual([])
  const read = await payloadOf(open(name), 'a')
  expect(read?.length).toBe(11_000_000)
  for (let piece = 0; piece < 11; piece += 1) {
    expect(read?.slice(piece * 1_000_000, piece * 1_000_000 + 50)).toEqual(bytesOf(1_000_000, piece).slice(0, 50))
  }
})

test('what a crash left staged is removed by the next leader; what another tab stages is not touched before', async () => {
  const name = crypto.randomUUID()
  const [a, b] = [open(name), open(name)]
  await done(b.records())
  for (const owner of ['0', 'z']) {
    await behind(name, (objects) => objects.put(new Blob(['crashed']), `s/${owner}/0/000000000`))
  }
  expect(await keysOf(name, 's/')).toHaveLength(2)
  await lead(a)
  expect(await keysOf(name, 's/')).toEqual([])
  const staging = await done(a.stage(key('a')))
  for (let piece = 0; piece < 5; piece += 1) await done(staging.append(bytesOf(1_000_000, piece)))
  await done(open(name).records())
  expect(await keysOf(name, 's/')).toHaveLength(1)
  await lead(a)
  await done(staging.append(bytesOf(1_000_000, 5)))
  await done(staging.commit(recordOf('a')))
  expect((await payloadOf(b, 'a'))?.length).toBe(6_000_000)
})

test('a tab that was deposed in mid-staging can neither go on nor commit, and what it staged is gone', async () => {
  const name = crypto.randomUUID()
  const [a, b] = [open(name), open(name)]
  await lead(a)
  const stage = async () => {
    const staging = await done(a.stage(key('a')))
    for (let piece = 0; piece < 5; piece += 1) await done(staging.append(bytesOf(1_000_000, piece)))
    return staging
  }
  const [goesOn, commits, returns] = [await stage(), await stage(), await stage()]
  await lead(b)
  expect(await keysOf(name, 's/')).toEqual([])
  expect((await failed(goesOn.append(bytesOf(5_000_000))))._tag).toBe('StorageBroken')
  expect((await failed(commits.commit(recordOf('a'))))._tag).toBe('StorageBroken')
  await lead(a)
  expect((await failed(returns.commit(recordOf('a'))))._tag).toBe('StorageBroken')
  expect(await keysOf(name, 's/')).toEqual([])
  expect(await payloadOf(b, 'a')).toBe(null)
  expect(await idsIn(b)).toEqual([])
})

test('who leads still leads after the user cleared the data of the site', async () => {
  const name = crypto.randomUUID()
  const [a, b, c] = [open(name), open(name), open(name)]
  const first = await lead(a)
  await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
  await done(write(a, 'a'))
  expect((await failed(write(b, 'b')))._tag).toBe('StorageBroken')
  await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
  expect(await lead(c)).toBeGreaterThan(first)
  expect((await failed(write(a, 'a')))._tag).toBe('StorageBroken')
  expect(await idsIn(c)).toEqual([])
})

test('the browser is asked once to keep what is stored, at the first payload, and no write waits for its answer', async () => {
  const persist = vi.spyOn(navigator.storage, 'persist').mockImplementation(() => new Promise(() => {}))
  const store = open(crypto.randomUUID())
  await done(store.remember([recordOf('record')]))
  expect(persist).not.toHaveBeenCalled()
  await done(write(store, 'a'))
  await done(store.shared!.add(recordOf('b'), bytesPayload(bytesOf(1)), () => true))
  expect(persist).toHaveBeenCalledTimes(1)
  await done(write(open(crypto.randomUUID(), { persist: false }), 'a'))
  expect(persist).toHaveBeenCalledTimes(1)
  persist.mockRejectedValue(new TypeError('not here'))
  await done(write(open(crypto.randomUUID()), 'a'))
})

test('an old browser, or a page that is not secure, cannot be asked for room, and all else works', async () => {
  vi.spyOn(navigator, 'storage', 'get').mockReturnValue(undefined as unknown as StorageManager)
  const store = open(crypto.randomUUID())
  await done(write(store, 'a'))
  const failure = await failed(store.room!())
  expect(failure.message).toContain('does not tell')
})

test('room is what the browser says', async () => {
  const store = open(crypto.randomUUID())
  await done(write(store, 'a', 3_000_000))
  const { usedBytes, quotaBytes } = await done(store.room!())
  expect(usedBytes).toBeGreaterThanOrEqual(3_000_000)
  expect(quotaBytes).toBeGreaterThan(usedBytes)
})
