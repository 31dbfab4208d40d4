import { memoryStore } from 'blobsync/store/memory'
import type { Store } from 'blobsync'
import type { Person } from './account'
import type { Letter } from './device'

/** Where a device of this page keeps its blobs. */
export const openStore = async (_person: Person, _letter: Letter): Promise<Store> => memoryStore()
