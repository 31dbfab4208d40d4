import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import type { BlobSync, Remote } from '../../src/index'
import { failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { device, seen, text } from './device'
import { nextTurn } from '../virtual-clock'

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const
type Order = (typeof orders)[number]

const cases = [true, false].flatMap((listsTags) =>
  orders.map((order) => ({ order, listsTags, name: `${order.join(' ')}, ${listsTags ? 'tags' : 'ids only'}` })),
)

/** A remote that takes a PUT only when it is told, even if whoever sent it has hung up. */
const lateTo = (remote: Remote) => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const arrivals: Promise<unknown>[] = []
  const late: Remote = {
    ...remote,
    put:
      (key, { body, sizeBytes, signal }) =>
      async () => {
        const bytes = body instanceof Uint8Array ? body : await new Response(body).bytes()
        const arrival = opened.then(remote.put(key, { body: bytes, sizeBytes }))
        arrivals.push(arrival)
        const hungUp = new Promise<E.Either<ReturnType<typeof failure>, void>>((resolve) => {
          const left = E.left(failure('Aborted', 'The call was aborted.'))
          if (signal?.aborted === true) resolve(left)
          signal?.addEventListener('abort', () => resolve(left))
        })
        return Promise.race([arrival, hungUp])
      },
  }
  const arrive = async () => {
    open()
    await Promise.all(arrivals)
  }
  return { late, arrive }
}

const threeOn = (
  memory = remoteMemory(),
  listsTags = true,
  first = memoryRemote({ memory, listsTags }),
): readonly [BlobSync, BlobSync, BlobSync] => [
  device({ remote: first }),
  device({ remote: memoryRemote({ memory, listsTags }) }),
  device({ remote: memoryRemote({ memory, listsTags }) }),
]

const rounds = async (devices: readonly BlobSync[], order: Order, times: number) => {
  for (let round = 0; round < times; round += 1) for (const at of order) await devices[at]?.sync()
}

const contents = async (blobs: BlobSync): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      blobs.list().map(async ({ id, status }) => [`${id} ${status}`, await (await blobs.get(id)).text()] as const),
    ),
  )

const allHold = async (devices: readonly BlobSync[], expected: Record<string, string>) => {
  for (const blobs of devices) expect(await contents(blobs)).toEqual(expected)
}

describe.each(['once', 'after a pause'])('delete while the own upload is in flight, begun at %s', (begun) => {
  const arrivals = orders.flatMap((order) =>
    [0, 1, 2, 3].map((before) => ({ order, before, name: `${order.join(' ')}, PUT arrives before sync ${before}` })),
  )
  test.each(arrivals)('$name', async ({ order, before }) => {
    const memory = remoteMemory()
    const { late, arrive } = lateTo(memoryRemote({ memory }))
    const devices = threeOn(memory, true, late)
    const [a, b, c] = devices
    if (begun === 'after a pause') {
      await a.ready
      a.pause()
    }
    await a.put(text('hello'), { id: 'x' })
    a.resume()
    await seen(a, 'x', ({ phase }) => phase === 'transferring')
    // The encrypting and the announcement end; then the PUT is on its way.
    await nextTurn()
    await a.delete('x')
    await a.idle()
    for (const [step, at] of order.entries()) {
      if (step === before) await arrive()
      await devices[at].sync()
    }
    await arrive()
    await rounds(devices, order, 3)
    const rest = await contents(b)
    await allHold([a, c], rest)
    // A PUT that arrives after the mark was confirmed cannot be told from a new blob; nothing is lost then.
    if (order.indexOf(0) >= before) expect(rest).toEqual({})
    for (const blobs of devices) expect(blobs.getSnapshot()).toMatchObject({ active: 0, held: 0 })
  })
})

test('delete of a blob whose upload was called off, and that was changed since', async () => {
  const memory = remoteMemory()
  const { late, arrive } = lateTo(memoryRemote({ memory }))
  const devices = threeOn(memory, true, late)
  const [a] = devices
  await a.ready
  a.pause()
  await a.put(text('hello'), { id: 'x' })
  a.resume()
  await seen(a, 'x', ({ phase }) => phase === 'transferring')
  await nextTurn()
  a.pause()
  await seen(a, 'x', ({ phase }) => phase === 'queued')
  await a.setPriority('x', 'high')
  await a.delete('x')
  a.resume()
  await arrive()
  await rounds(devices, [0, 1, 2], 3)
  await allHold(devices, {})
})

describe('delete of a conflict', () => {
  test.each(cases)('$name', async ({ order, listsTags }) => {
    const devices = threeOn(remoteMemory(), listsTags)
    const [a, b, c] = devices
    await a.put(text('first'), { id: 'x' })
    await a.sync()
    await b.put(text('second'), { id: 'x' })
    await b.sync()
    await c.put(text('third'), { id: 'x' })
    await c.sync()
    expect([b, c].map((blobs) => blobs.blob('x').getSnapshot().held)).toEqual(['conflict', 'conflict'])
    await b.delete('x')
    await rounds(devices, order, 2)
    await allHold([a, b], { 'x SYNCED': 'first' })
    expect(await (await c.get('x')).text()).toBe('third')
    await c.delete('x')
    await rounds(devices, order, 2)
    await allHold(devices, { 'x SYNCED': 'first' })
  })

  test.each(cases)('and of what it conflicts with: $name', async ({ order, listsTags }) => {
    const devices = threeOn(remoteMemory(), listsTags)
    const [a, b, c] = devices
    await a.put(text('first'), { id: 'x' })
    await a.sync()
    await b.put(text('second'), { id: 'x' })
    await b.sync()
    await a.delete('x')
    await rounds(devices, order, 2)
    expect(await (await b.get('x')).text()).toBe('second')
    await b.resolve('x', 'mine')
    await rounds(devices, order, 3)
    await allHold([a, b, c], { 'x SYNCED': 'second' })
  })
})

describe('recreate with other content', () => {
  for (const who of [0, 1] as const) {
    test.each(cases)(`by device ${who}: $name`, async ({ order, listsTags }) => {
      const devices = threeOn(remoteMemory(), listsTags)
      await devices[0].put(text('one'), { id: 'x' })
      await rounds(devices, [0, 1, 2], 1)
      await devices[0].delete('x')
      await devices[0].sync()
      await devices[who].sync()
      await devices[0].sync()
      await devices[who].put(text('two'), { id: 'x' })
      await rounds(devices, order, 3)
      await allHold(devices, { 'x SYNCED': 'two' })
    })
  }

  test.each(cases)('twice, by two devices that do not know of each other: $name', async ({ order, listsTags }) => {
    const devices = threeOn(remoteMemory(), listsTags)
    const [a, b, c] = devices
    await a.put(text('one'), { id: 'x' })
    await rounds(devices, [0, 1, 2], 1)
    await c.delete('x')
    await rounds(devices, [2, 0, 1], 2)
    for (const blobs of devices) blobs.pause()
    await a.put(text('two'), { id: 'x' })
    await b.put(text('three'), { id: 'x' })
    for (const blobs of devices) blobs.resume()
    await rounds(devices, order, 3)
    const held = [a, b].filter((blobs) => blobs.blob('x').getSnapshot().held === 'conflict')
    expect(held).toHaveLength(1)
    expect([await (await a.get('x')).text(), await (await b.get('x')).text()]).toEqual(['two', 'three'])
    await held[0]?.resolve('x', 'theirs')
    await rounds(devices, order, 2)
    await allHold(devices, { 'x SYNCED': await (await c.get('x')).text() })
  })
})
