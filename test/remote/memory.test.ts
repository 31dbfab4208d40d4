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

test('has batches, flags and ranges, and says so; each can be switched off, with its methods', async () => {
  const whole = memoryRemote()
  expect(right(await whole.supports()())).toMatchObject({ batches: true, flags: true, changes: true, ranges: true })
  expect([whole.batches, whole.flags]).not.toContain(undefined)
  const without = memoryRemote({ powers: { batches: false, changes: false, flags: false, ranges: false } })
  expect(right(await without.supports()())).toMatchObject({ batches: false, changes: false, flags: false, ranges: false })
  expect([without.batches, without.changes, without.flags]).toEqual([undefined, undefined, undefined])
})

test('what a batch brought may be changed, and what was put', async () => {
  const { id, namespace } = key('a')
  const mine = bytes.slice()
  const { batches } = memoryRemote()
  right(await batches!.put(namespace, [{ id, bytes: mine }])())
  mine.fill(0)
  const first = right(right(await batches!.get(namespace, [id], { bytesMax: bytes.length })())[0]!)
  expect(first.bytes).toEqual(bytes)
  first.bytes.fill(0)
  expect(right(right(await batches!.get(namespace, [id], { bytesMax: bytes.length })())[0]!).bytes).toEqual(bytes)
})

test('counts no tombstone', async () => {
  const remote = memoryRemote()
  right(await remote.put(key('a'), upload)())
  right(await remote.put(key('b'), upload)())
  right(await remote.delete(key('a'))())
  expect(right(await remote.count(key('a').namespace)())).toBe(1)
})
