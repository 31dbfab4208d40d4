import { expectEqual, expectLeft, expectRight, expectTrue } from './expect'
import { payload, put, type Ground } from './remote-ground'

/** What a remote promises about its count. */
export const countCases: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  'the count is that of the blobs that were put, in their namespace': async (ground) => {
    const { remote, key, otherKey } = ground
    expectEqual(await countIn(ground), 0, 'count of an unused namespace')
    for (const id of ['a', 'b', 'c']) await put(remote, key(id), payload(100))
    await put(remote, otherKey('a'), payload(100))
    expectLeft(await remote.put(key('a'), { sizeBytes: 100, body: payload(100) })(), 'the second put', 'Exists')
    expectEqual(await countIn(ground), 3, 'count')
    expectEqual(expectRight(await remote.count(otherKey('a').namespace)(), 'count'), 1, 'the other namespace’s count')
  },

  'the count has every live blob, and at most the deleted ones besides': async (ground) => {
    const { remote, key } = ground
    for (const id of ['a', 'b', 'c', 'd']) await put(remote, key(id), payload(100))
    for (const id of ['a', 'b']) expectRight(await remote.delete(key(id))(), 'delete')
    const count = await countIn(ground)
    // An original Soledad counts its tombstones.
    expectTrue(count >= 2 && count <= 4, `the count of two live blobs and two deleted ones is ${count}`)
  },

  'a count whose signal has fired is Aborted': async ({ remote, key }) => {
    expectLeft(await remote.count(key('a').namespace, { signal: AbortSignal.abort() })(), 'count', 'Aborted')
  },
}

const countIn = async ({ remote, key }: Ground): Promise<number> => expectRight(await remote.count(key('a').namespace)(), 'count')
