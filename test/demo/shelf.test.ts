import { expect, test } from 'vitest'
import { createBlobSync } from '../../src/index'
import { memoryRemote } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'
import { soledadCipher } from '../../src/cipher/soledad'
import type { Names } from '../../docs/demo/page/names'
import { shelf } from '../../docs/demo/page/shelf'

const BLOBS = 500

test('how many a device has is told at each of very many changes without going through all of them', async () => {
  const blobs = createBlobSync({ store: memoryStore(), remote: memoryRemote(), cipher: soledadCipher(new Uint8Array(128)) })
  let asked = 0
  const names: Names = {
    ready: Promise.resolve(),
    get: () => {
      asked += 1
      return undefined
    },
    note: () => {},
    forget: () => {},
    learn: () => Promise.resolve(),
  }
  const shown = shelf({ blobs, names: () => names, onNote: () => {}, onReorder: () => {} })
  const counts: number[] = []
  for (let index = 0; index < BLOBS; index += 1) {
    shown.note(blobs.blob(`blob-${index}`).getSnapshot())
    const { id, ...view } = blobs.blob(`blob-${index}`).getSnapshot()
    shown.note({ ...view, id, status: 'SYNCED' })
    counts.push(shown.count())
  }
  expect(counts).toEqual(Array.from({ length: BLOBS }, (_, index) => index + 1))
  expect(asked).toBeLessThanOrEqual(2 * BLOBS)
  await blobs.close()
})
