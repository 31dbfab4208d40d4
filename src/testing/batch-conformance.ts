import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import type { BatchPower, Received, SmallBlob } from '../remote/remote'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from './expect'
import { bytesOf, get, idOf, payload, put, tagOf, wholeList, type Ground } from './remote-ground'

interface BatchGround extends Ground {
  readonly batches: BatchPower
}

const promises: Readonly<Record<string, (ground: BatchGround) => Promise<void>>> = {
  'batches: what was put comes back byte for byte, together and one by one': async (ground) => {
    const { remote, key } = ground
    const sizes = [16, 753, 4096, 65_536, 20, 17]
    const blobs = sizes.map((sizeBytes, index) => small(ground, `blob-${index}`, payload(sizeBytes)))
    await putAll(ground, blobs)
    await expectAll(ground, blobs)
    for (const { id, bytes } of blobs) expectBytes(await bytesOf(await get(remote, key(id))), bytes, `the bytes of ${id}`)
    const { entries, tombstones } = await wholeList(remote, key('any'))
    expectEqual<string[]>(entries.map(idOf).toSorted(), blobs.map(({ id }) => id).toSorted(), 'listed ids')
    expectEqual(tombstones.length, 0, 'tombstones')
    expectEqual(expectRight(await remote.count(key('any').namespace)(), 'count'), blobs.length, 'count')
  },

  'batches: blobs put one by one come together': async (ground) => {
    const blobs = Array.from({ length: 60 }, (_, index) => small(ground, `blob-${index}`, payload(800, index)))
    await Promise.all(blobs.map(({ id, bytes }) => put(ground.remote, ground.key(id), bytes)))
    await expectAll(ground, blobs)
  },

  'batches: they come in the order asked, and an id that is asked twice comes twice': async (ground) => {
    const [a, b, c] = ['a', 'b', 'c'].map((id, index) => small(ground, id, payload(300, index)))
    if (a === undefined || b === undefined || c === undefined) return
    await putAll(ground, [b, a, c])
    for (const order of [[a, b, c], [c, b, a], [b, c, a], [c], [a, c, a, a]]) await expectAll(ground, order)
  },

  'batches: an id that is taken is Exists and is not overwritten; the others are stored, or all are told Exists and none is':
    async (ground) => {
      const { batches, key, remote } = ground
      const taken = small(ground, 'taken', payload(500))
      await putAll(ground, [taken])
      const stored = [taken]
      for (const [round, bytes] of [payload(500, 1), payload(700), taken.bytes].entries())
        for (const place of [0, 1, 2]) {
          const others = ['x', 'y'].map((id, index) => small(ground, `${id}-${round}-${place}`, payload(400, index)))
          const batch = others.toSpliced(place, 0, { ...taken, bytes })
          const what = `put with the taken id at ${place}`
          const outcome = await batches.put(key('any').namespace, batch)()
          if (E.isLeft(outcome)) expectLeft(outcome, what, 'Exists')
          else {
            expectEqual(outcome.right.length, batch.length, `answers to a ${what}`)
            for (const [at, answer] of outcome.right.entries())
              if (at === place) expectLeft(answer, what, 'Exists')
              else expectRight(answer, `another one of a ${what}`)
            stored.push(...others)
          }
        }
      expectBytes(await bytesOf(await get(remote, key('taken'))), taken.bytes, 'the blob that was there')
      await expectAll(ground, stored)
      await expectOnly(
        ground,
        stored.map(({ id }) => id),
      )
    },

  'batches: one that names an id twice is refused whole': async (ground) => {
    const batch = ['a', 'b', 'a'].map((id, index) => small(ground, id, payload(100, index)))
    expectLeft(await ground.batches.put(ground.key('any').namespace, batch)(), 'put of a batch with an id twice')
    await expectOnly(ground, [])
  },

  'batches: of two at once that share an id, one has it, and whoever is told that all is stored has all': async (ground) => {
    const { batches, key } = ground
    const rivals = [1, 2].map((rival) =>
      [`own-${rival}`, 'shared', `also-${rival}`].map((id) => small(ground, id, payload(20_000, rival))),
    )
    const outcomes = await Promise.all(rivals.map((batch) => batches.put(key('any').namespace, batch)()))
    const answers = outcomes.map((outcome, rival) =>
      E.isRight(outcome) ? outcome.right : (rivals[rival] ?? []).map(() => outcome),
    )
    const won = rivals.flatMap((batch, rival) => batch.filter((_, at) => E.isRight(answers[rival]?.[at] ?? E.left(null))))
    expectEqual(won.filter(({ id }) => id === key('shared').id).length, 1, 'who has the id that both want')
    for (const answer of answers.flat()) if (E.isLeft(answer)) expectLeft(answer, 'what the other is told', 'Exists')
    await expectAll(ground, won)
    await expectOnly(
      ground,
      won.map(({ id }) => id),
    )
  },

  'batches: an id that was deleted can be put again': async (ground) => {
    const { remote, key } = ground
    await put(remote, key('a'), payload(100))
    expectRight(await remote.delete(key('a'))(), 'delete')
    const blobs = [small(ground, 'a', payload(100, 1)), small(ground, 'b', payload(100, 2))]
    await putAll(ground, blobs)
    await expectAll(ground, blobs)
  },

  'batches: an id that is not there is NotFound, by itself or with all, and no other blob stands in its place': async (
    ground,
  ) => {
    const { batches, key } = ground
    const blobs = ['a', 'b'].map((id, index) => small(ground, id, payload(200, index)))
    await putAll(ground, blobs)
    for (const place of [0, 1, 2]) {
      const asked = blobs.toSpliced(place, 0, small(ground, 'missing', payload(0)))
      const ids = asked.map(({ id }) => id)
      const got = await batches.get(key('any').namespace, ids, { bytesMax: 1_000_000 })()
      if (E.isLeft(got)) {
        expectEqual<string>(got.left._tag, 'NotFound', 'which failure')
        continue
      }
      expectEqual(got.right.length, asked.length, 'items')
      for (const [index, { id, bytes }] of asked.entries()) {
        const item = got.right[index] ?? E.left(failure('Aborted', 'no item'))
        if (id === key('missing').id) expectLeft(item, 'the missing blob', 'NotFound')
        else expectSame(item, bytes, id)
      }
    }
  },

  'batches: more bytes than are allowed are TooLarge': async (ground) => {
    const { batches, key } = ground
    const blobs = ['a', 'b', 'c'].map((id, index) => small(ground, id, payload(1000, index)))
    await putAll(ground, blobs)
    const ids = blobs.map(({ id }) => id)
    for (const bytesMax of [0, 999, 2999])
      expectLeft(await batches.get(key('any').namespace, ids, { bytesMax })(), `get of at most ${bytesMax} bytes`, 'TooLarge')
    await expectAll(ground, blobs, 3000)
  },

  'batches: an empty one is done at once': async (ground) => {
    await putAll(ground, [])
    await expectAll(ground, [])
    await expectOnly(ground, [])
  },

  'batches: namespaces do not know each other’s blobs': async (ground) => {
    const { batches, remote, otherKey } = ground
    await put(remote, otherKey('a'), payload(200, 1))
    const blobs = [small(ground, 'a', payload(200, 2))]
    await putAll(ground, blobs)
    await expectAll(ground, blobs)
    const got = expectRight(await batches.get(otherKey('a').namespace, [otherKey('a').id], { bytesMax: 200 })(), 'get')
    expectSame(got[0], payload(200, 1), 'the other namespace’s blob')
  },

  'batches: the caller’s bytes are not changed, and may be changed after the put': async (ground) => {
    const bytes = payload(900)
    const mine = small(ground, 'a', bytes.slice())
    await putAll(ground, [mine])
    expectBytes(mine.bytes, bytes, 'the caller’s bytes')
    mine.bytes.fill(0)
    await expectAll(ground, [{ ...mine, bytes }])
  },

  'batches: a signal that has fired ends every call as Aborted': async (ground) => {
    const { batches, key } = ground
    await putAll(ground, [small(ground, 'a', payload(100))])
    const signal = AbortSignal.abort()
    const { namespace } = key('any')
    expectLeft(await batches.put(namespace, [small(ground, 'b', payload(100))], { signal })(), 'put', 'Aborted')
    expectLeft(await batches.get(namespace, [key('a').id], { signal, bytesMax: 1000 })(), 'get', 'Aborted')
    await expectOnly(ground, ['a'])
  },
}

/** What a remote promises that declares the power `batches`; of one that does not, nothing is asked. */
export const batchCases: Readonly<Record<string, (ground: Ground) => Promise<void>>> = Object.fromEntries(
  Object.entries(promises).map(([name, check]) => [
    name,
    async (ground: Ground) => {
      const { batches: isDeclared } = expectRight(await ground.remote.supports()(), 'supports')
      if (!isDeclared) return
      const { batches } = ground.remote
      expectTrue(batches !== undefined, 'a remote that declares batches has their methods')
      await check({ ...ground, batches })
    },
  ]),
)

const small = ({ key }: Ground, id: string, bytes: SmallBlob['bytes']): SmallBlob => ({ id: key(id).id, bytes })

const putAll = async ({ batches, key }: BatchGround, blobs: readonly SmallBlob[]): Promise<void> => {
  const answers = expectRight(await batches.put(key('any').namespace, blobs)(), `put of ${blobs.length} blobs`)
  expectEqual(answers.length, blobs.length, 'answers')
  for (const [at, answer] of answers.entries()) expectRight(answer, `the answer for ${blobs[at]?.id ?? at}`)
}

const expectAll = async ({ batches, key }: BatchGround, blobs: readonly SmallBlob[], bytesMax = 1_000_000): Promise<void> => {
  const ids = blobs.map(({ id }) => id)
  const got = expectRight(await batches.get(key('any').namespace, ids, { bytesMax })(), `get of ${blobs.length} blobs`)
  expectEqual(got.length, blobs.length, 'items')
  for (const [index, { id, bytes }] of blobs.entries()) expectSame(got[index], bytes, `item ${index}, ${id}`)
}

const expectSame = (item: E.Either<Failure, Received> | undefined, bytes: Uint8Array, what: string): void => {
  const blob = expectRight(item ?? E.left(failure('NotFound', 'There is no such item.')), what)
  expectBytes(blob.bytes, bytes, what)
  if (blob.tag !== null) expectEqual(blob.tag, tagOf(bytes), `tag of ${what}`)
}

const expectOnly = async ({ remote, key }: Ground, ids: readonly string[]): Promise<void> =>
  expectEqual<string[]>((await wholeList(remote, key('any'))).entries.map(idOf).toSorted(), ids.toSorted(), 'listed ids')
