import { expect, test } from 'vitest'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { keyText, type BlobKey } from '../../src/model/ids'
import { BlobSyncError } from '../../src/options'
import { failure, type Failure } from '../../src/model/failure'
import { blobPayload } from '../../src/model/payload'
import { encryptedStore } from '../../src/store/encrypted'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import { storeFromPromises, type PromiseLastingStaging, type PromiseStore } from '../../src/store/promises'
import type { LastingStaging } from '../../src/store/store'
import { noise } from '../../src/testing/cipher-bytes'
import { key as keyOf, recordOf } from '../../src/testing/store-ground'
import { storeConformance } from '../../src/testing/store-conformance'

/** The least that a store's author writes. */
const minimalStore = (): PromiseStore => {
  const records = new Map<string, unknown>()
  const payloads = new Map<string, Blob>()
  const place = ({ namespace, id }: BlobKey) => `${namespace}/${id}`
  return {
    records: async () => [...records.values()],
    record: async (key) => records.get(place(key)),
    read: async (key) => payloads.get(place(key)),
    write: async (record, payload) => {
      records.set(place(record), record)
      payloads.set(place(record), payload)
    },
    remember: async (all) => all.forEach((record) => records.set(place(record), record)),
    drop: async (record) => {
      records.set(place(record), record)
      payloads.delete(place(record))
    },
    remove: async (keys) =>
      keys.forEach((key) => {
        records.delete(place(key))
        payloads.delete(place(key))
      }),
    close: async () => {},
  }
}

const whose = (given: Partial<PromiseStore>) => storeFromPromises({ ...minimalStore(), ...given })
const throws = (value: unknown) => whose({ records: () => Promise.reject(value) }).records()()

for (const { name, run } of storeConformance(async () => storeFromPromises(minimalStore())))
  test(`a minimal store of Promises: ${name}`, run)

for (const { name, run } of storeConformance(async () => whose({ room: async () => ({ usedBytes: 1, quotaBytes: 2 }) })))
  test(`a store of Promises that tells its room: ${name}`, run)

/** What another author may make: all of a memory store, in Promises that throw failures. */
const keepingStore = (memory: Memory): PromiseStore => {
  const store = memoryStore(memory)
  const { keeping } = store
  if (keeping === undefined) throw new TypeError('A memory store keeps.')
  const told = async <A>(task: TaskEither<Failure, A>): Promise<A> => {
    const outcome = await task()
    if (E.isLeft(outcome)) throw new BlobSyncError(outcome.left)
    return outcome.right
  }
  const lasting = (staging: LastingStaging): PromiseLastingStaging => ({
    append: (bytes) => told(staging.append(bytes)),
    commit: (record) => told(staging.commit(record)),
    discard: () => told(staging.discard()),
    keep: (record) => told(staging.keep(record)),
    leave: () => told(staging.leave()),
    read: (from, to) => told(staging.read(from, to)),
  })
  return {
    records: async () => [...memory.records.values()],
    record: async (key) => O.toUndefined(await told(store.record(key))),
    read: async (key) => memory.payloads.get(keyText(key)),
    write: (record, payload) => told(store.write(record, blobPayload(payload))),
    remember: (records) => told(store.remember(records)),
    drop: (record) => told(store.drop(record)),
    remove: (keys) => told(store.remove(keys)),
    keeping: {
      stage: async (key) => lasting(await told(keeping.stage(key))),
      restage: async (key, sizeBytes) => O.toNullable(O.map(lasting)(await told(keeping.restage(key, sizeBytes)))),
    },
    close: () => told(store.close()),
  }
}

let memory = newMemory()
const openKeeping = async () => storeFromPromises(keepingStore((memory = newMemory())))
const reopenKeeping = async () => storeFromPromises(keepingStore(memory))

for (const { name, run } of storeConformance(openKeeping, reopenKeeping)) test(`a store of Promises that keeps: ${name}`, run)

for (const { name, run } of storeConformance(
  async () => encryptedStore(await openKeeping(), noise(32)),
  async () => encryptedStore(await reopenKeeping(), noise(32)),
))
  test(`a store of Promises that keeps, encrypted: ${name}`, run)

test('a store of Promises without the power does not pretend to it', () => {
  expect(storeFromPromises(minimalStore()).keeping).toBeUndefined()
})

test('letting go after the store was closed is harmless, and not asked of its object', async () => {
  const store = await openKeeping()
  const staging = E.toUnion((await store.keeping?.stage(keyOf('a'))()) ?? E.left(null))
  await store.close()()
  if (staging === null || '_tag' in staging) throw new TypeError('It stages.')
  expect(await staging.leave()()).toEqual(E.right(undefined))
  expect(await staging.keep(recordOf('a'))()).toMatchObject({ left: { _tag: 'StorageBroken' } })
})

test('room is asked of its object, and told as it was; a store without it does not pretend', async () => {
  const told = { usedBytes: 3, quotaBytes: 5 }
  const object = { ...minimalStore(), told, room: async () => told }
  object.room = async function (this: typeof object) {
    return this.told
  }
  expect(await storeFromPromises(object).room?.()()).toEqual(E.right(told))
  expect(storeFromPromises(minimalStore()).room).toBeUndefined()
})

test('a thrown BlobSyncError is the failure that it carries', async () => {
  expect(await throws(new BlobSyncError(failure('StorageFull', 'no room')))).toEqual(E.left(failure('StorageFull', 'no room')))
})

test('a thrown value with a failure in it needs no class', async () => {
  expect(await throws({ failure: { _tag: 'Corrupt', message: 'damaged' } })).toEqual(E.left(failure('Corrupt', 'damaged')))
})

test('anything else that is thrown is StorageBroken and keeps its message', async () => {
  for (const value of [new Error('odd'), 'odd', { failure: { _tag: 'NoSuchTag', message: 'x' } }, null])
    expect(await throws(value)).toMatchObject({ left: { _tag: 'StorageBroken' } })
  expect(await throws(new Error('odd'))).toMatchObject({ left: { message: expect.stringContaining('odd') } })
})

test('a method that throws before it gives a Promise is a failure, too', async () => {
  const store = whose({
    records: () => {
      throw new Error('at once')
    },
  })
  expect(await store.records()()).toMatchObject({ left: { _tag: 'StorageBroken' } })
})

test('records that do not decode are reported one by one', async () => {
  const store = whose({ records: async () => [null, { namespace: 'default', id: 'a' }] })
  const records = await store.records()()
  expect(E.isRight(records) && records.right.map((record) => E.isLeft(record) && record.left._tag)).toEqual([
    'Corrupt',
    'Corrupt',
  ])
})
