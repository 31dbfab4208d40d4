import { describe, expect, test } from 'vitest'
import { failureCarriedBy } from '../../src/model/carried-failure'
import { failure } from '../../src/model/failure'
import { BlobSyncError } from '../../src/options'
import { remoteFromPromises } from '../../src/remote/promises'
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

  test('declares the powers that it names, and no other', async () => {
    expect(right(await remoteFromPromises({ ...mapRemote(), supports: { flags: true } }).supports())).toEqual({
      changes: false,
      ranges: false,
      resumableUploads: false,
      batches: false,
      flags: true,
    })
  })
})
