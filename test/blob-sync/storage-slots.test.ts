import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { storageSlots } from '../../src/storage-slots'
import { settled } from '../virtual-clock'

/** Uses that a test ends one by one. */
const uses = () => {
  const ends: (() => void)[] = []
  const use = () =>
    new Promise<E.Either<never, number>>((resolve) => {
      const at = ends.length
      ends.push(() => resolve(E.right(at)))
    })
  return { ends, use }
}

describe('slots of the store', () => {
  test('are shared by a batch, and by no more than one; others have their own', async () => {
    const slots = storageSlots(2, 24)
    const { ends, use } = uses()
    for (let n = 0; n < 30; n += 1) void slots.share(use)()
    const alone = slots.use(use)()
    await settled()
    // 24 in one slot, 6 in the other; the last waits for a slot of its own.
    expect(ends).toHaveLength(30)
    for (const end of ends.slice(0, 23)) end()
    await settled()
    expect(ends).toHaveLength(30)
    ends[23]?.()
    await settled()
    expect(ends).toHaveLength(31)
    ends[30]?.()
    expect(await alone).toEqual(E.right(30))
  })

  test('that were shared to the end are free for the next', async () => {
    const slots = storageSlots(1, 24)
    const { ends, use } = uses()
    for (let round = 0; round < 3; round += 1) {
      const both = [slots.share(use)(), slots.share(use)()]
      await settled()
      expect(ends).toHaveLength(2 * round + 2)
      for (const end of ends) end()
      await Promise.all(both)
    }
    const alone = slots.use(use)()
    await settled()
    expect(ends).toHaveLength(7)
    ends[6]?.()
    await alone
  })

  test('are not kept by a batch after another for ever: whoever waits has a turn', async () => {
    const slots = storageSlots(1, 24)
    const { ends, use } = uses()
    const order: string[] = []
    const share = (name: string) =>
      void slots
        .share(use)()
        .then(() => order.push(name))
    share('batch 0')
    await settled()
    void slots
      .use(use)()
      .then(() => order.push('alone'))
    for (let n = 1; n < 60; n += 1) {
      share(`batch ${n}`)
      await settled()
      ends[n - 1]?.()
      await settled()
    }
    expect(order).toContain('alone')
    expect(order.indexOf('alone')).toBeLessThanOrEqual(24)
  })

  test('are free again when a use throws before it gives a promise', async () => {
    const slots = storageSlots(1, 24)
    const broken = () => {
      throw new TypeError('A bug.')
    }
    await expect(slots.use(broken)()).rejects.toThrow('A bug.')
    await expect(slots.share(broken)()).rejects.toThrow('A bug.')
    expect(await slots.use(async () => E.right('done'))()).toEqual(E.right('done'))
  })

  test('are given to none after close, which waits for what is under way', async () => {
    const slots = storageSlots(1, 24)
    const { ends, use } = uses()
    const first = slots.use(use)()
    const second = slots.share(use)()
    await settled()
    const closed = slots.close()
    ends[0]?.()
    await Promise.all([first, closed])
    expect(await second).toMatchObject({ left: { _tag: 'Aborted' } })
    expect(await slots.share(use)()).toMatchObject({ left: { _tag: 'Aborted' } })
  })
})
