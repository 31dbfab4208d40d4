import { expect, test } from 'vitest'
import { createBlobSync } from '../../src/blob-sync'
import { streamingCipher } from '../../src/cipher/streaming'
import { alwaysOnline } from '../../src/connectivity'
import { memoryRemote } from '../../src/remote/memory'
import { fileStore } from '../../src/store/file'
import { nodeFileLayer, type FileLayer } from '../../src/store/file-layer'
import { folder } from '../server/serving'

/** Node's files, of which each sync of the log is counted. */
const counted = () => {
  const syncs = { log: 0 }
  const layer: FileLayer = {
    ...nodeFileLayer,
    openLog: async (path) => {
      const log = await nodeFileLayer.openLog(path)
      return {
        ...log,
        sync: () => {
          syncs.log += 1
          return log.sync()
        },
      }
    },
  }
  return { layer, syncs }
}

const COUNT = 300

test('small blobs that are put at once reach the disk together, and each is there when its put resolves', async () => {
  const { layer, syncs } = counted()
  const directory = await folder()
  const blobs = createBlobSync({
    store: fileStore(directory, { layer }),
    remote: memoryRemote(),
    cipher: streamingCipher(new Uint8Array(32).fill(7)),
    connectivity: alwaysOnline(),
    paused: true,
    storage: 10,
  })
  await blobs.ready
  const before = syncs.log
  const bytesOf = (n: number) => new Uint8Array(2_000).fill(n)
  await Promise.all(Array.from({ length: COUNT }, (_, n) => blobs.put(bytesOf(n), { id: `b${n}` })))
  expect(syncs.log - before).toBeLessThanOrEqual(10)
  await blobs.close()

  const again = fileStore(directory)
  const read = await again.records()()
  expect(read).toMatchObject({ _tag: 'Right', right: { length: COUNT } })
  await again.close()()
})
