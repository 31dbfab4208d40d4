import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import type { Room } from './store'

/** What the browser says that this site uses and may use: browsers blur it a little. Errors of the browser are thrown. */
export const browserRoom = async (): Promise<E.Either<Failure, Room>> => {
  const { usage, quota } = (await storage()?.estimate?.()) ?? {}
  return usage === undefined || quota === undefined
    ? E.left(failure('StorageBroken', 'This browser does not tell how much room there is.'))
    : E.right({ usedBytes: usage, quotaBytes: quota })
}

/** Asks the browser never to remove by itself what is stored for this site. It may say no, or ask the user. */
export const askToPersist = (): void => {
  // A no changes nothing: the browser then removes what it must when the device is full.
  storage()
    ?.persist?.()
    .catch(() => {})
}

/** Absent in old browsers and in pages that are not secure. */
const storage = (): Partial<StorageManager> | undefined => globalThis.navigator?.storage
