import { test } from 'vitest'
import { opfsStore, type OpfsStoreOptions } from '../../src/store/opfs'
import { sharedConformance } from '../../src/testing/shared-conformance'
import { storeConformance } from '../../src/testing/store-conformance'

const ways: readonly (readonly [string, OpfsStoreOptions])[] = [
  ['opfs store', {}],
  ['opfs store, with nearly all in files', { inlineBytesMax: 1_000 }],
  ['opfs store, with nearly all in files that the page writes', { inlineBytesMax: 1_000, worker: false }],
]

for (const [way, options] of ways) {
  let name = ''
  const open = async () => opfsStore((name = crypto.randomUUID()), options)
  const reopen = async () => opfsStore(name, options)
  for (const { name: promise, run } of storeConformance(open, reopen)) test(`${way}: ${promise}`, run)
  const openTwo = async () => {
    const shared = crypto.randomUUID()
    return [opfsStore(shared, options), opfsStore(shared, options)] as const
  }
  for (const { name: promise, run } of sharedConformance(openTwo)) test(`${way}, shared: ${promise}`, run)
}
