import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { BlobId } from '../../src/model/ids'
import { idOf } from './arbitrary'
import { deliverLate, type Device, giveIn, lose, put, remove, sync, tryUpload, visible, world, type World } from './devices'

const x = idOf('x')
const verbs = ['put', 'remove', 'sync', 'sync', 'tryUpload', 'deliverLate'] as const

interface Step {
  readonly verb: (typeof verbs)[number] | 'lose'
  readonly nth: number
  readonly id: BlobId
}

const someSteps = (given: readonly Step['verb'][]): fc.Arbitrary<readonly Step[]> =>
  fc.array(fc.record({ verb: fc.constantFrom(...given), nth: fc.nat(2), id: fc.constantFrom(x, idOf('y')) }), { maxLength: 40 })

const deviceOf = (at: World, nth: number): Device => {
  const device = at.devices[nth]
  if (device === undefined) throw new Error(`There is no device ${nth}.`)
  return device
}

const take = (at: World, { verb, nth, id }: Step) => {
  const device = deviceOf(at, nth)
  switch (verb) {
    case 'put':
      return put(at, device, id)
    case 'remove':
      return remove(at, device, id)
    case 'tryUpload':
      return tryUpload(at, device, id)
    case 'sync':
      return sync(at, device)
    case 'deliverLate':
      return deliverLate(at)
    case 'lose':
      return lose(at, id)
  }
}

const ROUNDS = 5

const bringToRest = (at: World) => {
  deliverLate(at)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const device of at.devices) {
      giveIn(at, device)
      sync(at, device)
    }
  }
}

const expectEqual = (at: World) => {
  const remote = new Map(Array.from(at.held, ([id, { content }]) => [id, content]))
  for (const device of at.devices) {
    expect(visible(device)).toEqual(remote)
    for (const record of device.records.values())
      expect(record).toMatchObject({ status: 'SYNCED', held: null, missingSinceMs: null })
  }
}

const orders: readonly (readonly [number, number, number])[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
]

const syncAll = (at: World, order: readonly number[]) => order.forEach((nth) => sync(at, deviceOf(at, nth)))

const stories: Readonly<Record<string, (at: World, between: () => void) => void>> = {
  'a put': (at) => put(at, deviceOf(at, 0), x),
  'a put on each device': (at) => at.devices.forEach((device) => put(at, device, x)),
  'a delete by the one who put it': (at, between) => {
    put(at, deviceOf(at, 0), x)
    between()
    remove(at, deviceOf(at, 0), x)
  },
  'a delete by another device': (at, between) => {
    put(at, deviceOf(at, 0), x)
    between()
    remove(at, deviceOf(at, 1), x)
  },
  'a delete while its own upload is in flight': (at, between) => {
    put(at, deviceOf(at, 0), x)
    tryUpload(at, deviceOf(at, 0), x)
    remove(at, deviceOf(at, 0), x)
    between()
    deliverLate(at)
  },
  'a delete of a conflict': (at, between) => {
    put(at, deviceOf(at, 0), x)
    put(at, deviceOf(at, 1), x)
    between()
    for (const device of at.devices) if (device.records.get(x)?.held === 'conflict') remove(at, device, x)
  },
  'a recreation with other content': (at, between) => {
    put(at, deviceOf(at, 0), x)
    between()
    remove(at, deviceOf(at, 1), x)
    sync(at, deviceOf(at, 1))
    sync(at, deviceOf(at, 1))
    put(at, deviceOf(at, 1), x)
  },
  'a recreation with other content by a third device': (at, between) => {
    put(at, deviceOf(at, 0), x)
    between()
    remove(at, deviceOf(at, 1), x)
    between()
    deviceOf(at, 2).records.delete(x)
    put(at, deviceOf(at, 2), x)
  },
}

for (const listsTags of [true, false]) {
  const kind = listsTags ? 'a remote that lists tags' : 'a remote that lists ids alone'

  describe(`three devices and ${kind}`, () => {
    test.each(Object.entries(stories))('agree after %s, in every order of their syncs', (_name, story) => {
      for (const first of orders) {
        for (const second of orders) {
          const at = world(3, listsTags)
          story(at, () => syncAll(at, first))
          syncAll(at, second)
          bringToRest(at)
          expectEqual(at)
        }
      }
    })

    test.prop([someSteps(verbs)], { numRuns: 1_000 })(
      'agree whatever they did, and nothing is lost that nobody deleted',
      (steps) => {
        const at = world(3, listsTags)
        const contents = new Set<string>()
        for (const step of steps) {
          take(at, step)
          for (const device of at.devices) for (const content of device.contents.values()) contents.add(content)
        }
        bringToRest(at)
        expectEqual(at)
        const kept = new Set(Array.from(at.held.values(), ({ content }) => content))
        for (const content of contents) expect(kept.has(content) || at.unwanted.has(content), content).toBe(true)
      },
    )
  })
}

describe('a remote that loses blobs', () => {
  test('gets a lost blob again from a device that has it', () => {
    const at = world(3, true)
    put(at, deviceOf(at, 0), x)
    syncAll(at, [0, 1, 2])
    lose(at, x)
    bringToRest(at)
    expectEqual(at)
    expect(at.held.size).toBe(1)
  })

  test.prop([someSteps([...verbs, 'lose'])], { numRuns: 1_000 })('and lists tags still brings all devices together', (steps) => {
    const at = world(3, true)
    for (const step of steps) take(at, step)
    bringToRest(at)
    expectEqual(at)
  })
})
