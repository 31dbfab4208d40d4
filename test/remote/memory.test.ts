import { expect, test } from 'vitest'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { bytes, bytesOf, key, right } from './against'

const upload = { sizeBytes: bytes.length, body: bytes }

test('clients that share a memory see each other’s blobs', async () => {
  const memory = remoteMemory()
  right(await memoryRemote({ memory }).put(key('a'), upload)())
  expect(await bytesOf(right(await memoryRemote({ memory }).get(key('a'))()))).toEqual(bytes)
})

test('clients without a shared memory do not', async () => {
  right(await memoryRemote().put(key('a'), upload)())
  expect(right(await memoryRemote().list({ namespace: key('a').namespace })()).entries).toEqual([])
})

test('the list tells sizes and tags, or ids alone', async () => {
  const memory = remoteMemory()
  right(await memoryRemote({ memory }).put(key('a'), upload)())
  const tag = btoa(String.fromCharCode(...bytes.subarray(-16)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  const listed = async (listsTags: boolean) =>
    right(await memoryRemote({ memory, listsTags }).list({ namespace: key('a').namespace })()).entries
  expect(await listed(true)).toEqual([{ id: 'a', sizeBytes: bytes.length, tag }])
  expect(await listed(false)).toEqual([{ id: 'a', sizeBytes: null, tag: null }])
})
