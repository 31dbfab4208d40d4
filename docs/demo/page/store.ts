import type { Store } from 'blobsync'
import { idbStore } from 'blobsync/store/idb'
import type { Person } from './account'
import type { Letter } from './device'

const PREFIX = 'demo-'

/** Where a device of this page keeps its blobs. */
export const openStore = (person: Person, letter: Letter): Store => idbStore(databaseOf(person, letter))

/** Where it keeps their names. */
export const namesPlace = (person: Person, letter: Letter): string => `${databaseOf(person, letter)}-names`

/** Removes what was left here under servers that have ended: they keep nothing from one start to the next. */
export const forgetOthers = async ({ run }: Person): Promise<void> => {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(PREFIX) === true && !name.startsWith(`${PREFIX}${run}-`)) indexedDB.deleteDatabase(name)
  }
}

const databaseOf = ({ run, user }: Person, letter: Letter) => `${PREFIX}${run}-${user}-${letter}`
