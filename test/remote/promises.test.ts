import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { failureCarriedBy } from '../../src/model/carried-failure'
import { failure } from '../../src/model/failure'
import { BlobSyncError } from '../../src/options'
import { remoteFromPromises, type PromisePage, type PromiseReceived, type PromiseRemote } from '../../src/remote/promises'
import type { ListRequest } from '../../src/remote/remote'
import { bodyFailure, key, left, right } from './against'
import { mapRemote } from './map-remote'

describe('a remote made of an object that speaks Promises', () => {
  test('fails as the failure that was thrown, in whatever it was thrown', async () => {
    for (const thrown of [
      new BlobSyncError(failure('QuotaExceeded', 'Full.')),
      { failure: { _tag: 'QuotaExceeded', message: 'Full.' } },
    ]) {
      const remote = remoteFromPromises({ ...mapRemote(), stat: () => Promise.reject(thrown) })
      expect(left(await remote.stat(key('a'))())).toEqual({ _tag: 'QuotaExceeded', message: 'Full.' })
    }
  })

  test('is Unreachable when it throws anything else, also before its Promise', async () => {
    const get = () => {
      throw new Error('oops')
    }
    const remote = remoteFromPromises({ ...mapRemote(), get, stat: () => Promise.reject(7) })
    expect(left(await remote.get(key('a'))())).toEqual({ _tag: 'Unreachable', message: 'The remote failed: oops' })
    expect(left(await remote.stat(key('a'))())).toEqual({ _tag: 'Unreachable', message: 'The remote failed: 7' })
  })

  test('lists what it is given, once it was checked', async () => {
    const tag = 'AAAAAAAAAAAAAAAAAAAAAA=='
    const remote = remoteFromPromises({
      ...mapRemote(),
      list: async () => ({ entries: ['a', '../x', { id: 'b', size: 3, tag }], tombstones: ['c', 5], next: 'more' }),
    })
    const page = right(await remote.list({ namespace: key('a').namespace })())
    expect(page.entries).toEqual([
      { id: 'a', sizeBytes: null, tag: null },
      { id: 'b', sizeBytes: 3, tag },
    ])
    expect(page).toMatchObject({ tombstones: ['c'], next: 'more' })
    expect(page.corrupt.length).toBe(2)
  })

  test('ends a call when its signal fires, though the object does not heed it', async () => {
    const controller = new AbortController()
    const remote = remoteFromPromises({ ...mapRemote(), delete: () => new Promise(() => {}) })
    const outcome = remote.delete(key('a'), { signal: controller.signal })()
    controller.abort()
    expect(left(await outcome)._tag).toBe('Aborted')
  })

  test('tells why a body broke', async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('cut')) })
    const remote = remoteFromPromises({ ...mapRemote(), get: async () => ({ sizeBytes: 5, tag: null, body }) })
    const download = right(await remote.get(key('a'))())
    expect(await bodyFailure(download)).toEqual(failureCarriedBy({ failure: failure('Unreachable', 'The remote failed: cut') }))
  })

  test('declares the powers that it names, and those whose objects it has', async () => {
    const { changes, flags, batches, resumable, supports, ...plain } = mapRemote()
    const none = { changes: false, ranges: false, resumableUploads: false, batches: false, flags: false }
    const declared = async (object: PromiseRemote) => right(await remoteFromPromises(object).supports()())
    expect(await declared(plain)).toEqual(none)
    expect(await declared({ ...plain, supports: supports! })).toEqual({ ...none, ranges: true })
    expect(await declared({ ...plain, changes: changes! })).toEqual({ ...none, changes: true })
    expect(await declared({ ...plain, flags: flags! })).toEqual({ ...none, flags: true })
    expect(await declared({ ...plain, batches: batches! })).toEqual({ ...none, batches: true })
    expect(await declared({ ...plain, resumable: resumable! })).toEqual({ ...none, resumableUploads: true })
    expect(remoteFromPromises(plain)).not.toHaveProperty('resumable')
    expect(remoteFromPromises(plain)).not.toHaveProperty('flags')
    expect(remoteFromPromises(plain)).not.toHaveProperty('batches')
  })

  test('counts by its list, page by page, if it has no count, and its own count is checked', async () => {
    const { namespace } = key('a')
    const pages: Record<string, PromisePage> = {
      first: { entries: ['a', 'b', '../x'], tombstones: ['t'], next: 'second' },
      second: { entries: [{ id: 'c' }], tombstones: [], next: null },
    }
    const list = async ({ cursor = 'first' }: ListRequest) => pages[cursor]!
    expect(right(await remoteFromPromises({ ...mapRemote(), list }).count(namespace)())).toBe(3)
    for (const wrong of [-1, 1.5, NaN, '3' as unknown as number])
      expect(left(await remoteFromPromises({ ...mapRemote(), count: async () => wrong }).count(namespace)())._tag).toBe('Corrupt')
  })

  test('gives no id and no flag that is none', async () => {
    const flags = { ...mapRemote().flags!, list: async () => ['a', '../x', 5, 'a', 'b'], get: async () => ['PENDING', 'pending'] }
    const remote = remoteFromPromises({ ...mapRemote(), flags })
    const request = { namespace: key('a').namespace, flag: 'PENDING', order: 'oldest' } as const
    expect(right(await remote.flags!.list(request)())).toEqual(['a', 'b'])
    expect(left(await remote.flags!.get(key('a'))())._tag).toBe('Corrupt')
  })

  describe('with batches', () => {
    const [a, b] = [key('a').id, key('b').id]
    const giving = async (items: unknown, bytesMax = 100) => {
      const get = async () => items as readonly PromiseReceived[]
      const { batches } = remoteFromPromises({ ...mapRemote(), batches: { ...mapRemote().batches!, get } })
      return batches!.get(key('a').namespace, [a, b], { bytesMax })()
    }
    const blob = { bytes: new Uint8Array(60), tag: null }

    test('gives each id its blob or its failure', async () => {
      const cut = failure('Unreachable', 'cut')
      expect(right(await giving([blob, { failure: cut }]))).toEqual([E.right(blob), E.left(cut)])
      expect(right(await giving([null, blob])).map(E.isRight)).toEqual([false, true])
    })

    test('gives nothing of a batch that has another number of items, or more bytes than are allowed', async () => {
      for (const items of [[], [blob], [blob, null, blob]]) expect(left(await giving(items))._tag).toBe('Corrupt')
      expect(left(await giving([blob, blob], 119))._tag).toBe('TooLarge')
      expect(right(await giving([blob, blob], 120))).toEqual([E.right(blob), E.right(blob)])
    })

    test('takes nothing for a blob that is none', async () => {
      const items = right(await giving([blob, { bytes: 'text', tag: null }]))
      expect(left(items[1]!)._tag).toBe('Corrupt')
    })

    test('is not asked to store an id twice', async () => {
      const put = () => Promise.reject(new Error('It should not have been asked.'))
      const { batches } = remoteFromPromises({ ...mapRemote(), batches: { ...mapRemote().batches!, put } })
      const batch = [1, 2].map((sizeBytes) => ({ id: a, bytes: new Uint8Array(sizeBytes) }))
      expect(left(await batches!.put(key('a').namespace, batch)())._tag).toBe('Corrupt')
    })
  })
})
