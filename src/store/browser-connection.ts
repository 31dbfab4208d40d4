import { promisifyRequest, type UseStore } from 'idb-keyval'
import type { Clock } from '../clock'
import { CarriedFailure } from '../model/carried-failure'
import { failure } from '../model/failure'
import { nameOf } from './browser-failure'

/** A connection to a database that comes back after it was lost. */
export interface BrowserConnection {
  /** As idb-keyval wants it; a write is on the disk when its transaction is complete. Runs its callback again if the connection was lost. */
  readonly use: UseStore
  /** Lets go of the database, once its transactions have ended. */
  readonly close: () => void
}

/** The database is opened by the first use, and let go of when another tab removes or upgrades it. */
export const connectTo = (name: string, clock: Clock): BrowserConnection => {
  let database: IDBDatabase | null = null
  let opening: Promise<IDBDatabase> | null = null
  let isOver = false

  const letGo = (lost: IDBDatabase) => {
    lost.close()
    if (database === lost) database = null
  }

  const open = async (): Promise<IDBDatabase> => {
    const opened = await request(name)
    if (!opened.objectStoreNames.contains(OBJECTS)) {
      opened.close()
      throw broken(`The database “${name}” of this site is no store of blobs: choose another name.`)
    }
    for (const event of ['versionchange', 'close']) opened.addEventListener(event, () => letGo(opened))
    if (isOver) opened.close()
    else database = opened
    return opened
  }

  /** Nobody says how long a removal or an upgrade by another tab lasts: who waits is told so, and the next one finds it open. */
  const opened = (): Promise<IDBDatabase> =>
    new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(broken(`Opening the database “${name}” ${HELD_UP}`)), OPENING_MS)
      opening ??= open().finally(() => (opening = null))
      opening.then(resolve, reject).finally(() => clock.clearTimeout(timer))
    })

  const use: UseStore = async (mode, callback) => {
    for (let tries = 1; ; tries += 1) {
      let current: IDBDatabase | null = null
      try {
        current = database ?? (await opened())
        const objects = current.transaction(OBJECTS, mode, { durability: 'strict' }).objectStore(OBJECTS)
        return await unlessLost(current, () => callback(objects))
      } catch (error) {
        if (tries === TRIES_MAX || !LOST.includes(nameOf(error))) throw error
        if (current !== null) letGo(current)
      }
    }
  }

  return {
    use,
    close: () => {
      isOver = true
      if (database !== null) letGo(database)
    },
  }
}

/** The one object store of the database, as idb-keyval makes it. */
const OBJECTS = 'blobsync'

/** While the data of a site is cleared, a connection that was just opened may be lost as well. */
const TRIES_MAX = 3

const OPENING_MS = 10_000

const HELD_UP = 'is held up by another tab, which keeps an older version open or removes it. Close the other tabs of this site.'

/** How browsers say that they have closed the connection: Safari to a page in the background, all of them when the user clears data. */
const LOST = ['InvalidStateError', 'AbortError', 'UnknownError']

/** When Chromium closes a connection, it leaves some transactions without any answer. */
const unlessLost = async <A>(database: IDBDatabase, run: () => A | PromiseLike<A>): Promise<A> => {
  let lose = () => {}
  const lost = new Promise<never>((_resolve, reject) => {
    lose = () => reject(new DOMException('The browser closed the database.', 'AbortError'))
  })
  database.addEventListener('close', lose)
  try {
    return await Promise.race([run(), lost])
  } finally {
    database.removeEventListener('close', lose)
  }
}

const broken = (message: string) => new CarriedFailure(failure('StorageBroken', message))

const request = (name: string): Promise<IDBDatabase> => {
  const asked = indexedDB.open(name)
  asked.onupgradeneeded = () => asked.result.createObjectStore(OBJECTS)
  return promisifyRequest(asked)
}
