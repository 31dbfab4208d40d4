import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { batched } from '../../src/actors/batched'
import { CarriedFailure } from '../../src/model/carried-failure'
import { failure } from '../../src/model/failure'
import { memoryRemote } from '../../src/remote/memory'
import { noPowers, type BatchPower, type Remote } from '../../src/remote/remote'
import { keyOf } from '../store/steps'
import { settled, virtualClock } from '../virtual-clock'

const must = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

/** A remote whose batches are known to be there. */
const knownToBatch = async (given: Partial<Omit<Remote, 'batches'>> & { readonly batches?: Partial<BatchPower> }) => {
  const memory = memoryRemote()
  const clock = virtualClock()
  const { batches } = memory
  if (batches === undefined) throw new Error('The memory remote has batches.')
  const answers: (() => void)[] = []
  let isKnown = false
  const remote = batched(
    {
      ...memory,
      ...given,
      supports: () => () => Promise.resolve(E.right({ ...noPowers, batches: true })),
      get: (key, options) =>
        isKnown
          ? (given.get ?? memory.get)(key, options)
          : () => new Promise((resolve) => answers.push(() => resolve(E.left(failure('NotFound', 'None.'))))),
      batches: { ...batches, ...given.batches },
    },
    { lanes: 2, itemsMax: 24, clock, signal: new AbortController().signal, onBatches: () => (isKnown = true) },
  )
  const asks = ['one', 'two'].map((id) => remote.get(keyOf(id), { mayBatch: true })())
  await settled()
  for (const answer of answers) answer()
  await Promise.all(asks)
  expect(isKnown).toBe(true)
  return { remote, clock }
}

/** A body that brings nothing until its signal ends it. */
const silentBody = (signal: AbortSignal | undefined) =>
  new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal?.addEventListener('abort', () => controller.error(new CarriedFailure(failure('Aborted', 'Called off.')))),
  })

describe('a small blob that goes alone after all', () => {
  for (const { name, ids } of [
    { name: 'as the only one', ids: ['a'] },
    { name: 'after its batch has failed', ids: ['a', 'b'] },
  ])
    test(`${name} is called off also while its body comes`, async () => {
      const { remote, clock } = await knownToBatch({
        get:
          (_key, { signal } = {}) =>
          () =>
            Promise.resolve(E.right({ sizeBytes: null, tag: null, body: silentBody(signal) })),
        batches: { get: () => () => Promise.resolve(E.left(failure('NotFound', 'One is gone.'))) },
      })
      const controllers = ids.map(() => new AbortController())
      const asks = ids.map((id, at) => remote.get(keyOf(id), { mayBatch: true, signal: controllers[at]!.signal })())
      await clock.advance(0)
      const { body } = must(await asks[0]!)
      const read = body.getReader().read()
      controllers[0]!.abort()
      await expect(read).rejects.toThrow('Called off.')
    })

  test('is not uploaded any more once it was called off', async () => {
    const sent: string[] = []
    let refuse = () => {}
    const { remote, clock } = await knownToBatch({
      put:
        ({ id }, { signal }) =>
        async () => {
          if (signal?.aborted === true) return E.left(failure('Aborted', 'Called off.'))
          sent.push(id)
          return E.right(undefined)
        },
      batches: {
        put: () => () => new Promise((resolve) => (refuse = () => resolve(E.left(failure('Exists', 'One is there.'))))),
      },
    })
    const controller = new AbortController()
    const upload = { sizeBytes: 1, body: new Uint8Array(1), mayBatch: true }
    const asks = [remote.put(keyOf('deleted'), { ...upload, signal: controller.signal })(), remote.put(keyOf('other'), upload)()]
    await clock.advance(0)
    controller.abort()
    refuse()
    expect(await Promise.all(asks)).toMatchObject([{ left: { _tag: 'Aborted' } }, { _tag: 'Right' }])
    expect(sent).toEqual(['other'])
  })
})

test('a delete waits for the batch that its blob is in, which would bring it back', async () => {
  const memory = memoryRemote()
  let arrive = () => {}
  const { remote, clock } = await knownToBatch({
    put: memory.put,
    delete: memory.delete,
    batches: {
      put:
        (...given) =>
        async () => {
          await new Promise<void>((resolve) => (arrive = resolve))
          return memory.batches!.put(...given)()
        },
    },
  })
  const deleted = new AbortController()
  const upload = { sizeBytes: 1, body: new Uint8Array(1), mayBatch: true }
  const asks = [remote.put(keyOf('deleted'), { ...upload, signal: deleted.signal })(), remote.put(keyOf('other'), upload)()]
  await clock.advance(0)
  deleted.abort()
  const erased = remote.delete(keyOf('deleted'))()
  await settled()
  arrive()
  await Promise.all(asks)
  must(await erased)
  expect(must(await memory.count(keyOf('other').namespace)())).toBe(1)
})

test('a remote that throws at a batch throws at each of its blobs, and its lane is free for others', async () => {
  const { remote, clock } = await knownToBatch({ batches: { put: () => () => Promise.reject(new Error('A bug.')) } })
  const upload = { sizeBytes: 1, body: new Uint8Array(1), mayBatch: true }
  for (const round of [1, 2, 3]) {
    const asks = Promise.allSettled(['a', 'b'].map((id) => remote.put(keyOf(`${id}${round}`), upload)()))
    await settled()
    await clock.advance(0)
    expect((await asks).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  }
})
