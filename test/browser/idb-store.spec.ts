import { test } from 'vitest'
import { idbStore } from '../../src/store/idb'
import { sharedConformance } from '../../src/testing/shared-conformance'
import { storeConformance } from '../../src/testing/store-conformance'

let name = ''
const open = async () => idbStore((name = crypto.randomUUID()))
const reopen = async () => idbStore(name)
const openTwo = async () => [await open(), await reopen()] as const

for (const promise of [...storeConformance(open, reopen), ...sharedConformance(openTwo)])
  test(`idb store: ${promise.name}`, promise.run)
