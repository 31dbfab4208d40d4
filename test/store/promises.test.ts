import { expect, test } from 'vitest'
import * as E from 'fp-ts/Either'
import type { BlobKey } from '../../src/model/ids'
import { BlobSyncError } from '../../src/options'
import { failure } from '../../src/model/failure'
import { storeFromPromises, type PromiseStore } from '../../src/store/promises'
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
