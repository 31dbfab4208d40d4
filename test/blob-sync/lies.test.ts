import { describe, expect, test } from 'vitest'
import { memoryStore, newMemory } from '../../src/store/memory'
import type { Misbehaviour } from '../../src/testing/misbehaving-server'
import { text } from './device'
import { answer, isFor, isList, served, when } from './served'

/** A server that holds two blobs, and a device of another person’s choice that has none yet. */
const tempted = async () => {
  const site = await served()
  const other = site.device()
  await other.put(text('hello'.repeat(100)), { id: 'a' })
  await other.put(text('world'.repeat(100)), { id: 'b' })
  await other.sync()
  const memory = newMemory()
  const blobs = site.device({ store: memoryStore(memory), remote: site.remote({ timeoutMs: 2_000, stallMs: 2_000 }) })
  const synced: string[] = []
  blobs.on('blob.synced', ({ id }) => synced.push(id))
  return { ...site, other, blobs, memory, synced }
}

const lies: readonly (readonly [string, Misbehaviour])[] = [
  ['another tag', { do: 'tag', tag: 'AAAAAAAAAAAAAAAAAAAAAA==' }],
  ['an empty tag', { do: 'tag', tag: '' }],
  ['a tag that is none', { do: 'tag', tag: 'x' }],
  ['no body', { do: 'truncate', bytes: 0 }],
  ['one byte', { do: 'truncate', bytes: 1 }],
  ['half the preamble', { do: 'truncate', bytes: 60 }],
  ['a body without its tag', { do: 'truncate', bytes: 600 }],
  ['a flipped first bit', { do: 'flip', at: 0 }],
  ['a flipped bit in the preamble', { do: 'flip', at: 80 }],
  ['a flipped bit in the content', { do: 'flip', at: -200 }],
  ['a flipped last bit', { do: 'flip', at: -1 }],
  ['another blob', { do: 'swap', id: 'b' }],
  ['a page', answer(200, {}, '<html>Welcome to the hotel</html>')],
  ['a page with a tag', answer(200, { Tag: 'AAAAAAAAAAAAAAAAAAAAAA==' }, '<html>Welcome to the hotel</html>')],
]

describe('a server that lies about content', () => {
  test.each(lies)('gets no byte accepted: %s', async (_, lie) => {
    const { behave, blobs, memory, synced } = await tempted()
    behave(when(isFor('GET', 'a'), lie))
    await blobs.sync({ wait: false })
    const { status, isHere, lastFailure } = blobs.blob('a').getSnapshot()
    expect([status, lastFailure?._tag]).toBeOneOf([
      ['FAILED_DOWNLOAD', 'Tampered'],
      ['PENDING_DOWNLOAD', 'Unreachable'],
    ])
    expect(isHere).toBe(false)
    await expect(blobs.get('a')).rejects.toMatchObject({ name: 'BlobSyncError' })
    expect([...memory.payloads.keys()]).toEqual(['default/b'])
    expect(synced).toEqual(['b'])
    behave()
    await blobs.retry('a')
    expect(await (await blobs.get('a')).text()).toBe('hello'.repeat(100))
  })

  test.each(lies)('keeps what was here when the blob was created again: %s', async (_, lie) => {
    const { behave, blobs, other, memory } = await tempted()
    await blobs.sync()
    await other.delete('a')
    await other.sync()
    await other.sync()
    await other.put(text('new'), { id: 'a' })
    await other.sync()
    behave(when(isFor('GET', 'a'), lie))
    await blobs.sync({ wait: false })
    expect(new TextDecoder().decode(memory.payloads.get('default/a'))).toBe('hello'.repeat(100))
    behave()
    await blobs.retry('a')
    await blobs.sync()
    expect(await (await blobs.get('a')).text()).toBe('new')
  })

  test('an answer without a Tag header is verified by its body alone', async () => {
    const { behave, blobs } = await tempted()
    behave(when(isFor('GET', 'a'), { do: 'tag', tag: null }))
    expect(await (await blobs.get('a')).text()).toBe('hello'.repeat(100))
  })
})

describe('a server that lies about ids', () => {
  test('what is no id is reported, and never asked for', async () => {
    const { behave, blobs, server } = await tempted()
    const ids = ['a', '../x', '..', '', 'a/b', 'ä', 'a b', 'x'.repeat(255), 7, null, { id: '../y' }, ['b'], 'b\n']
    behave((request) => (isList(request) && !request.query.has('deleted') ? answer(200, {}, JSON.stringify(ids)) : undefined))
    const before = server.requests.length
    const report = await blobs.sync()
    expect(report.corrupt).toHaveLength(ids.length - 1)
    expect(report.corrupt.every(({ _tag }) => _tag === 'Corrupt')).toBe(true)
    expect(report.downloaded).toEqual([{ namespace: 'default', id: 'a' }])
    const paths = server.requests.slice(before).map(({ path }) => path)
    expect([...new Set(paths)].toSorted()).toEqual(['/', '/blobs/ann/', '/blobs/ann/a'])
  })

  test('tombstones that are none are reported', async () => {
    const { behave, blobs } = await tempted()
    behave(when(({ query }) => query.has('deleted'), answer(200, {}, '["../x", 5]')))
    expect((await blobs.sync()).corrupt).toHaveLength(2)
    expect(blobs.list()).toHaveLength(2)
  })
})

describe('a server that lies about what it holds', () => {
  test('hidden blobs stay here, are reported, and are sent again', async () => {
    const { behave, blobs, server } = await tempted()
    await blobs.sync()
    server.blobs.clear()
    behave(when(isList, answer(200, {}, '[]')))
    const told: string[] = []
    blobs.on('blob.missing', ({ id }) => told.push(id))
    expect((await blobs.sync()).missing).toHaveLength(2)
    expect(told.toSorted()).toEqual(['a', 'b'])
    const again = await blobs.sync()
    expect(again.uploaded).toHaveLength(2)
    expect(server.blobs.size).toBe(2)
    expect(await (await blobs.get('a')).text()).toBe('hello'.repeat(100))
  })

  test('invented tombstones send copies to the trash, from where they come back', async () => {
    const { behave, blobs } = await tempted()
    await blobs.sync()
    behave((request) => {
      if (!isList(request)) return undefined
      return answer(200, {}, request.query.has('deleted') ? '["a"]' : '["b"]')
    })
    expect((await blobs.sync()).trashed).toMatchObject([{ id: 'a' }])
    await blobs.restore('a')
    expect(await (await blobs.get('a')).text()).toBe('hello'.repeat(100))
  })

  test('a 409 for an id that it does not hold makes the upload back off', async () => {
    const { behave, blobs } = await tempted()
    behave(when(isFor('PUT', 'c'), answer(409, {}, 'Blob already exists: c')))
    await blobs.put(text('mine'), { id: 'c' })
    await blobs.sync({ wait: false })
    expect(blobs.blob('c').getSnapshot()).toMatchObject({ status: 'PENDING_UPLOAD', phase: 'backingOff' })
    expect(await (await blobs.get('c')).text()).toBe('mine')
  })
})
