import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test, vi } from 'vitest'
import { httpRemote } from '../../src/remote/http'
import { blobKey, type Namespace } from '../../src/model/ids'
import { feedOver } from '../../src/server/feed'
import type { FeedRows } from '../../src/server/feed-rows'
import { User } from '../../src/server/backend'
import { expectRight } from '../../src/testing/expect'
import { bytes, folder, serving } from './serving'

interface Page {
  readonly expired?: boolean
  readonly changes: readonly { readonly id: string; readonly deleted?: boolean }[]
  readonly cursor: string
  readonly more: boolean
}

const asking = async (options: Parameters<typeof serving>[0] = {}) => {
  const made = await serving(options)
  const { call } = made
  return {
    ...made,
    put: (id: string, sizeBytes = 16) => call(`/blobs/ann/${id}`, { method: 'PUT', body: bytes(sizeBytes) }),
    remove: (id: string) => call(`/blobs/ann/${id}`, { method: 'DELETE' }),
    cursor: async () => (await call('/blobs/ann/')).headers.get('blob-cursor') ?? '',
    changes: async (cursor: string, query = ''): Promise<Page> =>
      (await (await call(`/blobs/ann/?changes=${cursor}${query}`)).json())[0],
    told: ({ changes }: Page) => changes.map(({ id, deleted }) => (deleted === true ? `-${id}` : id)),
  }
}

describe('the feed of a server', () => {
  test('goes on over a restart, where it was', async () => {
    const root = await folder()
    const before = await asking({ root })
    await before.put('a')
    const cursor = await before.cursor()
    await before.put('b')
    await before.remove('a')
    await before.server.close()
    const after = await asking({ root })
    expect(after.told(await after.changes(cursor))).toEqual(['b', '-a'])
    await after.put('c')
    expect(after.told(await after.changes(cursor))).toEqual(['b', '-a', 'c'])
  })

  test('tells of a folder that an earlier version made, and of what comes after', async () => {
    const root = await folder()
    const before = await asking({ root })
    for (const id of ['a', 'b', 'c']) await before.put(id)
    await before.remove('c')
    await before.server.close()
    const database = new DatabaseSync(join(root, 'blobs.sqlite'))
    database.exec(`
      DROP INDEX blobByNumber; DROP INDEX blobByRange; DROP INDEX tombstoneByNumber; DROP TABLE feed; DROP TABLE range;
      ALTER TABLE blob DROP COLUMN range;
      UPDATE tombstone SET number = 1;
      UPDATE sqlite_sequence SET seq = 1 WHERE name = 'tombstone';
    `)
    database.close()
    const after = await asking({ root })
    const cursor = await after.cursor()
    await after.remove('a')
    await after.put('d')
    expect(after.told(await after.changes(cursor))).toEqual(['-a', 'd'])
    const digest: { blobs: number } = await (await after.call('/blobs/ann/?digest=')).json()
    expect(digest.blobs).toBe(2)
    const remote = httpRemote({ url: after.server.url, user: 'ann', token: 'secret' })
    const key = expectRight(blobKey('b'), 'key')
    const { digest: told } = expectRight(await remote.changes!.digest(key.namespace, '')(), 'digest')
    const fresh = await asking()
    await fresh.put('b')
    await fresh.put('d')
    expect((await (await fresh.call('/blobs/ann/?digest=')).json()).digest).toBe(told)
  })

  test('goes back no further than it is told to; the tombstones stay', async () => {
    const { put, remove, cursor, changes, call } = await asking({ changesKeptMs: 50 })
    await put('a')
    const before = await cursor()
    await remove('a')
    await vi.waitUntil(async () => (await changes(before)).expired === true)
    expect(await (await call('/blobs/ann/?deleted=1')).json()).toEqual(['a'])
    const after = await cursor()
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await changes(after)).toMatchObject({ changes: [], more: false })
  })

  test('knows no cursor of another namespace, of another user, or of a number that it never gave', async () => {
    const { put, cursor, changes, call } = await asking()
    await put('a')
    const mine = await cursor()
    const [name = ''] = mine.split('.')
    for (const wrong of ['', 'x', `${name}.`, `${name}.-1`, `${name}.1e3`, `${name}.999999`, 'AAAAAAAAAAAA.1'])
      expect(await changes(encodeURIComponent(wrong)), wrong).toEqual({ expired: true })
    expect(await (await call(`/blobs/ann/?changes=${mine}&namespace=other`)).json()).toEqual([{ expired: true }])
  })

  test.each([
    ['?changes=a&changes=b', 'two cursors for one namespace'],
    ['?changes=a&namespace=..', 'a namespace that is none'],
    ['?changes=a&limit=0', 'no limit'],
    ['?changes=a&limit=x', 'a limit that is none'],
    ['?changes=a&wait=soon', 'a wait that is none'],
    ['?digest=0123', 'a range that is too narrow'],
    ['?digest=A', 'a range in capitals'],
    [`?${'changes=a&namespace=b&'.repeat(33)}`, 'more than it answers at once'],
  ])('refuses %s: %s', async (query) => {
    const { call } = await asking()
    expect((await call(`/blobs/ann/${query}`)).status).toBe(400)
  })

  test('waits for a change, for as long as it is told to at most, and tells nobody else', async () => {
    const { put, cursor, changes, told, lines } = await asking()
    const at = await cursor()
    const waiting = changes(at, '&wait=30')
    await put('a')
    expect(told(await waiting)).toEqual(['a'])
    const now = await cursor()
    lines.length = 0
    expect(await changes(now, '&wait=1')).toMatchObject({ changes: [], cursor: now })
    expect(Number(lines[0]?.split(' ')[4])).toBeGreaterThanOrEqual(900)
  })

  test('lets no more than so many of one user wait', async () => {
    const { cursor, changes, call, server } = await asking()
    const at = await cursor()
    const controller = new AbortController()
    const waiting = Array.from({ length: 64 }, () =>
      call(`/blobs/ann/?changes=${at}&wait=30`, { signal: controller.signal }).catch(() => null),
    )
    // Whoever comes too much is answered at once; before the others have come in, it waits for them.
    await vi.waitUntil(async () => {
      const answer = await Promise.race([changes(at, '&wait=1'), new Promise((resolve) => setTimeout(resolve, 500))])
      return answer !== undefined
    })
    controller.abort()
    await Promise.all(waiting)
    await server.close()
  })

  test('tells of a blob that came in parts, or in a stream, like of any other', async () => {
    const { cursor, changes, told, call, server } = await asking()
    const at = await cursor()
    const remote = httpRemote({ url: server.url, user: 'ann', token: 'secret' })
    const [first, second] = [expectRight(blobKey('parts'), 'key'), expectRight(blobKey('stream'), 'key')]
    const session = expectRight(await remote.resumable!.create(first, { sizeBytes: 32 })(), 'create')
    expect(told(await changes(at))).toEqual([])
    expectRight(await remote.resumable!.append(session, { at: 0, bytes: bytes(32) })(), 'append')
    expectRight(await remote.batches!.put(second.namespace, [{ id: second.id, bytes: bytes(20) }])(), 'batch')
    expect(told(await changes(at))).toEqual(['parts', 'stream'])
    expect((await call('/blobs/ann/parts')).status).toBe(200)
  })
})

test('nothing is told before it is durable, and its number comes in no cursor', async () => {
  let number = 7
  const rows: FeedRows = {
    name: 'n',
    last: () => number,
    lastIn: (_place, until) => Math.min(number, until),
    since: (_place, after, until) =>
      number > after && number <= until
        ? [{ number, atMs: Date.now(), change: { isDeleted: true, id: expectRight(blobKey('a'), 'key').id } }]
        : [],
    count: () => {},
    digest: () => ({ blobs: 0, words: [0, 0, 0, 0] }),
    within: () => [],
  }
  const user = 'ann'
  if (!User.is(user)) throw new TypeError('no user')
  const place = { user, namespace: 'default' as Namespace }
  const feed = feedOver(rows, 60_000)
  let sync = () => {}
  const synced = new Promise<void>((resolve) => (sync = resolve))
  let wasTold = false
  feed.changes.once([place], () => (wasTold = true))
  const before = feed.changes.cursor(place)
  const committing = feed.telling(async (work) => {
    const result = work()
    await synced
    return result
  })(() => {
    number = 8
    feed.note(place)
  })
  expect(feed.changes.read(place, before, 10)?.changes).toEqual([])
  expect(feed.changes.cursor(place)).toBe(before)
  expect(wasTold).toBe(false)
  sync()
  await committing
  expect(wasTold).toBe(true)
  expect(feed.changes.read(place, before, 10)?.changes).toHaveLength(1)
})
