import type { Locker } from '@tus/server'

/**
 * Lets one request at a time work on an upload. A newcomer asks the one before it to end: what came of that one counts, and a connection
 * that died without a word keeps nobody out.
 */
export const uploadLocks = (): Locker => {
  const holders = new Map<string, Holder>()
  return {
    newLock: (uploadId) => {
      let release = () => {}
      return {
        lock: async (_signal, requestRelease) => {
          for (let holder = holders.get(uploadId); holder !== undefined; holder = holders.get(uploadId)) {
            void holder.requestRelease()
            await holder.released
          }
          const released = new Promise<void>((resolve) => (release = resolve))
          holders.set(uploadId, { requestRelease, released })
        },
        unlock: async () => {
          holders.delete(uploadId)
          release()
        },
      }
    },
  }
}

interface Holder {
  readonly requestRelease: () => Promise<void> | void
  readonly released: Promise<void>
}
