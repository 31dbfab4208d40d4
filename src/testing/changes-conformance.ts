import { combined, digestOf, digestText, nothing, partsOf, rangeOf } from '../model/digest'
import type { BlobKey } from '../model/ids'
import type { ChangesPage, ChangesPower } from '../remote/remote'
import { expectEqual, expectLeft, expectRight, expectTrue } from './expect'
import { idOf, payload, put, tagOf, type Ground } from './remote-ground'

interface ChangesGround extends Ground {
  readonly changes: ChangesPower
}

const promises: Readonly<Record<string, (ground: ChangesGround) => Promise<void>>> = {
  'changes: nothing is told of what the list before it had': async (ground) => {
    const { remote, key } = ground
    await put(remote, key('a'), payload(100))
    await put(remote, key('b'), payload(100))
    expectRight(await remote.delete(key('b'))(), 'delete')
    const page = await since(ground, key('a'), await feedAt(ground, key('a')))
    expectEqual([page.entries.map(idOf), page.tombstones], [[], []], 'what is told')
    expectEqual(page.hasMore, false, 'more')
  },

  'changes: what was put and deleted since is told, with its true size and tag where the remote tells them': async (ground) => {
    const { remote, key } = ground
    for (const id of ['a', 'b', 'c']) await put(remote, key(id), payload(100))
    const cursor = await feedAt(ground, key('a'))
    expectRight(await remote.delete(key('b'))(), 'delete')
    await put(remote, key('d'), payload(222))
    const page = await since(ground, key('a'), cursor)
    expectEqual<string[] | readonly string[]>(page.entries.map(idOf), ['d'], 'live ids')
    expectEqual<string[] | readonly string[]>(page.tombstones, ['b'], 'deleted ids')
    const [entry] = page.entries
    if (entry?.sizeBytes !== null) expectEqual(entry?.sizeBytes, 222, 'its size')
    if (entry?.tag !== null) expectEqual(entry?.tag, tagOf(payload(222)), 'its tag')
    const after = await since(ground, key('a'), page.cursor)
    expectEqual([after.entries.length, after.tombstones.length], [0, 0], 'what comes after the last cursor')
    expectEqual<string[] | readonly string[]>(
      (await since(ground, key('a'), cursor)).entries.map(idOf),
      ['d'],
      'what an old cursor still tells',
    )
  },

  'changes: the last word of an id is told: gone, or back with other bytes': async (ground) => {
    const { remote, key } = ground
    await put(remote, key('back'), payload(100))
    const cursor = await feedAt(ground, key('a'))
    await put(remote, key('gone'), payload(100))
    for (const id of ['gone', 'back']) expectRight(await remote.delete(key(id))(), 'delete')
    await put(remote, key('back'), payload(333))
    const { live, deleted } = await allSince(ground, key('a'), cursor, 1000)
    expectEqual([...live.keys()], ['back'], 'live ids')
    expectTrue(deleted.has('gone'), 'the deleted id is told')
    const tag = live.get('back')
    if (tag !== null) expectEqual(tag, tagOf(payload(333)), 'the tag of what came back')
  },

  'changes: pages of any limit come to the same, in as many requests as it takes': async (ground) => {
    const { remote, key } = ground
    const cursor = await feedAt(ground, key('a'))
    const ids = Array.from({ length: 12 }, (_, index) => `blob-${index}`)
    for (const id of ids) await put(remote, key(id), payload(100))
    for (const id of ids.slice(0, 4)) expectRight(await remote.delete(key(id))(), 'delete')
    await put(remote, key('blob-0'), payload(50))
    for (const limit of [1, 5, 1000]) {
      const { live, deleted } = await allSince(ground, key('a'), cursor, limit)
      expectEqual([...live.keys()].toSorted(), ['blob-0', ...ids.slice(4)].toSorted(), `live ids by ${limit}`)
      for (const id of ids.slice(1, 4)) expectTrue(deleted.has(id), `${id} is told as deleted by ${limit}`)
    }
  },

  'changes: a cursor that the remote never gave, or gave for another namespace, is said to be none': async (ground) => {
    const { remote, changes, key, otherKey } = ground
    await put(remote, key('a'), payload(100))
    const { namespace } = key('a')
    const cursor = await feedAt(ground, otherKey('a'))
    const pages = await changes.read({
      since: ['', 'nonsense', 'no.1', cursor].map((wrong) => ({ namespace, cursor: wrong })),
    })()
    expectEqual(expectRight(pages, 'changes'), [null, null, null, null], 'the pages')
  },

  'changes: several namespaces are asked about at once, each from its own cursor': async (ground) => {
    const { remote, changes, key, otherKey } = ground
    const [first, second] = [await feedAt(ground, key('a')), await feedAt(ground, otherKey('a'))]
    await put(remote, otherKey('theirs'), payload(100))
    const pages = expectRight(
      await changes.read({
        since: [
          { namespace: key('a').namespace, cursor: first },
          { namespace: otherKey('a').namespace, cursor: second },
          { namespace: key('a').namespace, cursor: 'nonsense' },
        ],
      })(),
      'changes',
    )
    expectEqual<(string[] | null)[]>(
      pages.map((page) => page?.entries.map(idOf) ?? null),
      [[], ['theirs'], null],
      'the pages',
    )
  },

  'changes: whoever waits is told once something changes, in any of its namespaces': async (ground) => {
    const { remote, changes, key, otherKey } = ground
    const since = [
      { namespace: key('a').namespace, cursor: await feedAt(ground, key('a')) },
      { namespace: otherKey('a').namespace, cursor: await feedAt(ground, otherKey('a')) },
    ]
    const waiting = changes.read({ since, waitMs: WAIT_MS })()
    await put(remote, otherKey('theirs'), payload(100))
    const [, told] = expectRight(await waiting, 'changes')
    // A remote may answer sooner than it was asked to: then it is asked again.
    const page = told?.entries.length === 0 ? expectRight(await changes.read({ since })(), 'changes')[1] : told
    expectEqual<string[] | undefined>(page?.entries.map(idOf), ['theirs'], 'what is told')
  },

  'changes: whoever waits for what was there already is told at once': async (ground) => {
    const { remote, changes, key } = ground
    const cursor = await feedAt(ground, key('a'))
    await put(remote, key('a'), payload(100))
    const [page] = expectRight(
      await changes.read({ since: [{ namespace: key('a').namespace, cursor }], waitMs: WAIT_MS })(),
      'changes',
    )
    expectEqual<string[] | undefined>(page?.entries.map(idOf), ['a'], 'what is told')
  },

  'changes: a signal ends who waits, and every call': async (ground) => {
    const { changes, key } = ground
    const since = [{ namespace: key('a').namespace, cursor: await feedAt(ground, key('a')) }]
    const controller = new AbortController()
    const waiting = changes.read({ since, waitMs: 10 * WAIT_MS, signal: controller.signal })()
    controller.abort()
    expectLeft(await waiting, 'the wait', 'Aborted')
    const signal = AbortSignal.abort()
    expectLeft(await changes.read({ since, signal })(), 'changes', 'Aborted')
    expectLeft(await changes.digest(key('a').namespace, '', { signal })(), 'digest', 'Aborted')
  },

  'changes: digests are those of the live blobs, range by range': async (ground) => {
    const { remote, changes, key, otherKey } = ground
    const { namespace } = key('a')
    const ids = Array.from({ length: 20 }, (_, index) => key(`blob-${index}`))
    for (const [index, one] of ids.entries()) await put(remote, one, payload(100 + index))
    await put(remote, otherKey('blob-0'), payload(99))
    for (const one of ids.slice(0, 5)) expectRight(await remote.delete(one)(), 'delete')
    const [back] = ids
    if (back !== undefined) await put(remote, back, payload(77))
    const live = ids.slice(5).map(({ id }, index) => [id, tagOf(payload(105 + index))] as const)
    if (back !== undefined) live.push([back.id, tagOf(payload(77))])
    const expected = (range: string) => {
      const all = live
        .filter(([id]) => rangeOf(id).startsWith(range))
        .reduce((sum, [id, tag]) => combined(sum, digestOf(id, tag)), nothing)
      return { blobs: all.blobs, digest: digestText(all) }
    }
    for (const range of ['', 'a', rangeOf(key('blob-7').id), rangeOf(key('blob-7').id).slice(0, 2)]) {
      const told = expectRight(await changes.digest(namespace, range)(), 'digest')
      expectEqual({ blobs: told.blobs, digest: told.digest }, expected(range), `the digest of “${range}”`)
      const parts = range.length === 3 ? [] : partsOf(range).map(expected)
      expectEqual(
        told.parts.map(({ blobs, digest }) => ({ blobs, digest })),
        parts,
        `the parts of “${range}”`,
      )
      const inside = range.length === 3 ? live.flatMap(([id]) => (rangeOf(id) === range ? [id] : [])) : []
      expectEqual(told.entries.map(idOf).toSorted(), inside.toSorted(), `the ids in “${range}”`)
      expectEqual(told.cursor, await feedAt(ground, key('a')), 'its place in the feed')
    }
  },
}

/** Longer than any test runs: nobody is to wait for so long. */
const WAIT_MS = 25_000

const feedAt = async ({ remote }: Ground, { namespace }: BlobKey): Promise<string> => {
  const { feed } = expectRight(await remote.list({ namespace })(), 'list')
  if (typeof feed !== 'string') throw new Error('the first page of a list does not say where the feed is')
  return feed
}

const since = async ({ changes }: ChangesGround, { namespace }: BlobKey, cursor: string, limit = 1000): Promise<ChangesPage> => {
  const [page] = expectRight(await changes.read({ since: [{ namespace, cursor }], limit })(), 'changes')
  if (page === null || page === undefined) throw new Error('the remote does not know its own cursor')
  return page
}

const PAGES_MAX = 1000

/** What all pages come to: the tags of the live blobs, and the deleted ids. */
const allSince = async (ground: ChangesGround, key: BlobKey, from: string, limit: number) => {
  const live = new Map<string, string | null>()
  const deleted = new Set<string>()
  for (let [cursor, hasMore, pages] = [from, true, 0]; hasMore; pages += 1) {
    expectTrue(pages < PAGES_MAX, `the feed of a few changes ends within ${PAGES_MAX} pages`)
    const page = await since(ground, key, cursor, limit)
    for (const id of page.tombstones) {
      deleted.add(id)
      live.delete(id)
    }
    for (const { id, tag } of page.entries) live.set(id, tag)
    ;({ cursor, hasMore } = page)
  }
  return { live, deleted }
}

/** What a remote with the power `changes` promises; without it, nothing. */
export const changesCases = Object.fromEntries(
  Object.entries(promises).map(([name, check]) => [
    name,
    async (ground: Ground) => {
      if (!expectRight(await ground.remote.supports()(), 'supports').changes) return
      const { changes } = ground.remote
      if (changes === undefined) throw new Error('the remote says that it has changes, and has no methods for them')
      await check({ ...ground, changes })
    },
  ]),
)
