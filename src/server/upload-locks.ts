import type { Locker } from '@tus/server'

/** @returns the locks as one request sees them. @param end what it does when another one asks for its place. */
export type UploadLocks = (end: () => void) => Locker

/**
 * Lets one request at a time work on an upload. A newcomer asks the one before it to end: what came of that one counts, and a connection
 * that died without a word keeps nobody out.
 */
export const uploadLocks = (): UploadLocks => {
  const holders = new Map<string, Holder>()
  return (end) => ({
    newLock: (uploadId) => {
      let release = () => {}
      return {
        lock: async () => {
          for (let holder = holders.get(uploadId); holder !== undefined; holder = holders.get(uploadId)) {
            holder.end()
            await holder.released
          }
          const released = new Promise<void>((resolve) => (release = resolve))
          holders.set(uploadId, { end, released })
        },
        unlock: async () => {
          holders.delete(uploadId)
          release()
        },
      }
    },
  })
}

interface Holder {
  readonly end: () => void
  readonly released: Promise<void>
}
