import { expect, test } from 'vitest'
import { countedBody } from '../../src/server/counted-body'

test('a body that is cancelled while a piece is read ends once, and without an error', async () => {
  const ends: unknown[] = []
  let bring = (_piece: Uint8Array<ArrayBuffer>) => {}
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: (controller) =>
        new Promise((resolve) => {
          bring = (piece) => {
            try {
              controller.enqueue(piece)
            } catch {
              // It was cancelled.
            }
            resolve()
          }
        }),
    },
    { highWaterMark: 0 },
  )
  const reader = countedBody(source, (bytes, error) => ends.push([bytes, error])).getReader()
  const first = reader.read()
  await Promise.resolve()
  bring(new Uint8Array(3))
  expect((await first).value).toHaveLength(3)
  const second = reader.read()
  await Promise.resolve()
  await reader.cancel()
  bring(new Uint8Array(4))
  expect((await second).done).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(ends).toEqual([[3, undefined]])
})
