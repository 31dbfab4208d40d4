import { test } from 'vitest'
import { idbStore } from '../../src/store/idb'
import { storeConformance } from '../../src/testing/store-conformance'

let name = ''
const open = async () => idbStore((name = crypto.randomUUID()))
const reopen = async () => idbStore(name)

for (const { name: promise, run } of storeConformance(open, reopen)) test(`idb store: ${promise}`, run)
