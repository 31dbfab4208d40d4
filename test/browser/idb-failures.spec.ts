import { promisifyRequest } from 'idb-keyval'
import { cdp } from 'vitest/browser'
import { afterEach, expect, test, vi } from 'vitest'
import type { Clock } from '../../src/clock'
import { bytesPayload } from '../../src/model/payload'
import { idbStore } from '../../src/store/idb'
import type { Store } from '../../src/store/store'
import { behind, bytesOf, done, failed, idsIn, key, openRaw, payloadOf, recordOf } from './idb-ground'

const stores: Store[] = []
const open = (name: string, clock?: Clock): Store => {
  const store = idbStore(name, clock === undefined ? {} : { clock })
  stores.push(store)
  return store
}
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(stores.splice(0).map((store) => done(store.close())))
})

const write = (store: Store, id: string, sizeBytes = 10) =>
  store.write(recordOf(id, { sizeBytes }), bytesPayload(bytesOf(sizeBytes)))

/** Every opening of a database from now on. */
const watchOpening = () => {
  const opened: IDBOpenDBRequest[] = []
  const factory = indexedDB as unknown as Record<'open', (...given: unknown[]) => IDBOpenDBRequest>
  const original = factory['open']
  vi.spyOn(factory, 'open').mockImplementation((...given) => {
    const request = original.apply(indexedDB, given)
    opened.push(request)
    return request
  })
  return opened
}

test('another tab may remove the database: the store lets go of it, and goes on in a new one', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  await done(write(store, 'a'))
  await promisifyRequest(indexedDB.deleteDatabase(name))
  expect(await idsIn(store)).toEqual([])
  await done(write(store, 'b'))
  expect(await idsIn(store)).toEqual(['b'])
})

test('another tab may upgrade the database: the store lets go of it, and goes on in the new version', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  await done(write(store, 'a'))
  const upgraded = await openRaw(name, 7)
  await done(write(store, 'b'))
  upgraded.close()
  expect(await idsIn(store)).toEqual(['a', 'b'])
})

test('an upgrade that another tab blocks is told with what to do, and once it is over the next call works', async () => {
  const name = crypto.randomUUID()
  await done(write(open(name), 'a'))
  await done(stores.splice(0)[0]!.close())
  const old = await openRaw(name)
  const upgrade = openRaw(name, 2)
  const limits: (() => void)[] = []
  const store = open(name, { now: Date.now, setTimeout: (run) => limits.push(run), clearTimeout: () => {} })
  const calls = [failed(store.records()), failed(write(store, 'b'))]
  await expect.poll(() => limits.length).toBe(2)
  for (const limit of limits) limit()
  for (const { _tag, message } of await Promise.all(calls)) {
    expect(_tag).toBe('StorageBroken')
    expect(message).toContain('Close the other tabs of this site.')
  }
  old.close()
  ;(await upgrade).close()
  await done(write(store, 'c'))
  expect(await idsIn(store)).toEqual(['a', 'c'])
})

test('a store that is closed while its opening is held up does not keep the database open later', async () => {
  const name = crypto.randomUUID()
  await done(write(open(name), 'a'))
  await done(stores.splice(0)[0]!.close())
  const old = await openRaw(name)
  const upgrade = openRaw(name, 2)
  const opened = watchOpening()
  const limits: (() => void)[] = []
  const store = open(name, { now: Date.now, setTimeout: (run) => limits.push(run), clearTimeout: () => {} })
  const call = failed(store.records())
  await expect.poll(() => limits.length).toBe(1)
  for (const limit of limits) limit()
  await call
  await done(store.close())
  old.close()
  ;(await upgrade).close()
  await expect.poll(() => opened.map(({ readyState }) => readyState)).toEqual(['done'])
  expect(() => opened[0]!.result.transaction('blobsync')).toThrow(/connection is clos/)
})

test('a connection that the browser closed without a word is opened again by the call that finds out', async () => {
  const opened = watchOpening()
  const store = open(crypto.randomUUID())
  await done(write(store, 'a'))
  opened.at(-1)!.result.close()
  await done(write(store, 'b'))
  opened.at(-1)!.result.close()
  expect(await idsIn(store)).toEqual(['a', 'b'])
  opened.at(-1)!.result.close()
  expect(await payloadOf(store, 'a')).toEqual(bytesOf(10))
  expect(opened).toHaveLength(4)
})

test('a write that was made, but whose answer is lost with the connection, is made again and harms nothing', async () => {
  const store = open(crypto.randomUUID())
  await done(store.records())
  const transactions = IDBTransaction.prototype as unknown as Record<'addEventListener', (...given: unknown[]) => void>
  const original = transactions['addEventListener']
  for (const sizeBytes of [10, 300_000]) {
    let lost = 0
    vi.spyOn(transactions, 'addEventListener').mockImplementation(function (this: IDBTransaction, type, ...given) {
      if (type === 'complete' && lost === 0) {
        lost += 1
        original.call(this, type, () => this.db.dispatchEvent(new Event('close')))
      } else original.call(this, type, ...given)
    })
    const record = recordOf(`added-${sizeBytes}`, { sizeBytes })
    const mayReplace = vi.fn(() => false)
    expect(await done(store.shared!.add(record, bytesPayload(bytesOf(sizeBytes)), mayReplace))).toEqual(record)
    expect(lost).toBe(1)
    // It is no other blob, which would have to stay.
    expect(mayReplace).not.toHaveBeenCalled()
    expect(await payloadOf(store, record.id)).toEqual(bytesOf(sizeBytes))
  }
})

test('an opening that the browser forbids at once is tried again by the next call', async () => {
  const store = open(crypto.randomUUID())
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('Not now.', 'SecurityError')
  })
  expect((await failed(store.records()))._tag).toBe('StorageBroken')
  vi.restoreAllMocks()
  expect(await idsIn(store)).toEqual([])
})

test('a database of something else is left alone, and the failure says to choose another name', async () => {
  const name = crypto.randomUUID()
  ;(await openRaw(name)).close()
  const failure = await failed(write(open(name), 'a'))
  expect(failure._tag).toBe('StorageBroken')
  expect(failure.message).toContain('choose another name')
  await promisifyRequest(indexedDB.deleteDatabase(name))
})

test('when the user clears the data of the site, calls under way end, and the next ones work', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  for (let round = 0; round < 5; round += 1) {
    await done(write(store, 'a', 100_000))
    const underWay = [
      ...Array.from({ length: 20 }, (_, index) => write(store, `under-way-${index}`, 200_000)()),
      store.records()(),
      store.read(key('a'))(),
    ]
    await cdp().send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
    await Promise.all(underWay)
    await done(write(store, 'b', 100_000))
    expect(await payloadOf(store, 'b')).toEqual(bytesOf(100_000))
    expect(await payloadOf(store, 'a')).toBe(null)
  }
})

test('a damaged record or payload is Corrupt in its place, and the rest goes on', async () => {
  const name = crypto.randomUUID()
  const store = open(name)
  for (const id of ['a', 'b', 'c']) await done(write(store, id))
  await behind(name, (objects) => objects.put({ ...recordOf('b'), status: 'ODD' }, 'r/default/b'))
  await behind(name, (objects) => objects.put('odd', 'p/default/b'))
  expect(await idsIn(store)).toEqual(['a', 'Corrupt', 'c'])
  expect((await failed(store.record(key('b'))))._tag).toBe('Corrupt')
  expect((await failed(store.read(key('b'))))._tag).toBe('Corrupt')
  await done(write(store, 'b'))
  expect(await idsIn(store)).toEqual(['a', 'b', 'c'])
})
