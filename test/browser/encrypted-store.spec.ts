import { describe, test } from 'vitest'
import { encryptedStore } from '../../src/store/encrypted'
import { idbStore } from '../../src/store/idb'
import { memoryStore, newMemory } from '../../src/store/memory'
import { opfsStore } from '../../src/store/opfs'
import { sharedConformance } from '../../src/testing/shared-conformance'
import { storeConformance } from '../../src/testing/store-conformance'

const secret = new Uint8Array(64).fill(7)
let memory = newMemory()
let name = ''

for (const [what, open, reopen] of [
  ['memory', () => memoryStore((memory = newMemory())), () => memoryStore(memory)],
  ['idb', () => idbStore((name = crypto.randomUUID())), () => idbStore(name)],
] as const) {
  describe(`encrypted ${what} store`, () => {
    const cases = storeConformance(
      async () => encryptedStore(open(), secret),
      async () => encryptedStore(reopen(), secret),
    )
    for (const { name: promise, run } of cases) test(promise, run)
  })
}

describe('encrypted idb store, in two tabs', () => {
  const openTwo = async () => {
    const shared = crypto.randomUUID()
    return [encryptedStore(idbStore(shared), secret), encryptedStore(idbStore(shared), secret)] as const
  }
  for (const { name: promise, run } of sharedConformance(openTwo)) test(promise, run)
})

describe('encrypted opfs store, with nearly all in files', () => {
  const options = { inlineBytesMax: 1_000 }
  const cases = storeConformance(
    async () => encryptedStore(opfsStore((name = crypto.randomUUID()), options), secret),
    async () => encryptedStore(opfsStore(name, options), secret),
  )
  for (const { name: promise, run } of cases) test(promise, run)
})
