import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { readItems } from '../../src/remote/read-items'

const read = async (bytes: Uint8Array, cuts: readonly number[]) => {
  const items: unknown[] = []
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const [at, from] of places.entries()) if (at < places.length - 1) controller.enqueue(bytes.slice(from, places[at + 1]))
      controller.close()
    },
  })
  const done = await readItems(body, 'The list', (some) => items.push(...some))
  return { done, items }
}

const utf8 = (text: string) => new TextEncoder().encode(text)

propertyTest.prop([fc.array(fc.jsonValue()), fc.array(fc.nat()), fc.constantFrom(undefined, 1, '\t')], { numRuns: 300 })(
  'an array comes item by item as JSON.parse has it, however it is cut',
  async (value, cuts, space) => {
    const { done, items } = await read(utf8(JSON.stringify(value, null, space)), cuts)
    expect(done._tag).toBe('Right')
    expect(items).toEqual(JSON.parse(JSON.stringify(value)))
  },
)

test.each(['', ' ', '[', '["a"', '["a",', '["a",]', '[,]', '["a" "b"]', '["a"] x', '["a"],', '[1]]', 'nonsense', '["a\\'])(
  '%j is no list',
  async (text) => {
    for (const cuts of [[], [1], [1, 2, 3, 4, 5, 6, 7]]) {
      const { done } = await read(utf8(text), cuts)
      expect(done).toMatchObject({ _tag: 'Left', left: { _tag: 'Corrupt' } })
    }
  },
)

test.each(['{}', 'null', '7', '"[1]"', '{"a":[1]}'])('%s is JSON, and not a list', async (text) => {
  const { done } = await read(utf8(text), [2])
  expect(done).toMatchObject({ _tag: 'Left', left: { message: expect.stringContaining('form') } })
})
