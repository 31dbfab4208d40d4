import { expect, test } from 'vitest'
import * as E from 'fp-ts/Either'
import { memoryStore, newMemory } from '../../src/store/memory'
import { sharedConformance } from '../../src/testing/shared-conformance'
import { storeConformance } from '../../src/testing/store-conformance'

let memory = newMemory()
const open = async () => memoryStore((memory = newMemory()))
const reopen = async () => memoryStore(memory)

for (const { name, run } of storeConformance(open, reopen)) test(`memory store: ${name}`, run)

test('a damaged record is reported in its place, and the rest goes on', async () => {
  const damaged = newMemory()
  damaged.records.set('default/a', { version: 99 })
  const store = memoryStore(damaged)
  const records = await store.records()()
  expect(E.isRight(records) && records.right.map((record) => (E.isLeft(record) ? record.left._tag : 'fine'))).toEqual(['Corrupt'])
})

let names = 0
const openTwo = async () => {
  const both = newMemory(`memory ${++names}`)
  return [memoryStore(both), memoryStore(both)] as const
}

for (const { name, run } of sharedConformance(openTwo)) test(`memory store, shared: ${name}`, run)

test('a memory without a name is not shared', () => {
  expect(memoryStore(newMemory()).shared).toBeUndefined()
})
