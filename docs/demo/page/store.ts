import type { Store } from 'blobsync'
import { idbStore } from 'blobsync/store/idb'
import type { Person } from './account'
import type { Letter } from './device'

const PREFIX = 'demo-'

/** Where a device of this page keeps its blobs. */
export const openStore = ({ user }: Person, letter: Letter): Store => idbStore(databaseOf(user, letter))

/** Where it keeps their names. */
export const namesPlace = ({ user }: Person, letter: Letter): string => `${databaseOf(user, letter)}-names`

/** Removes what people left here whose server has ended: it keeps nothing from one start to the next. */
export const forgetOthers = async ({ user }: Person): Promise<void> => {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith(PREFIX) === true && !name.startsWith(`${PREFIX}${user}-`)) indexedDB.deleteDatabase(name)
  }
}

const databaseOf = (user: string, letter: Letter) => `${PREFIX}${user}-${letter}`
