import type { User } from './backend'
import { BodyRefused } from './refusal'

/** The bytes of each user: those that are stored and those that are arriving. */
export interface Quota {
  readonly claim: (user: User, quotaBytes: number) => Claim
  readonly add: (user: string, bytes: number) => void
}

/** Room for what one request brings. */
export interface Claim {
  /** Makes it at least so large. @throws {BodyRefused} `QuotaExceeded`. */
  readonly cover: (bytes: number) => void
  /** Ends it with what was stored; 0 gives all of it back. */
  readonly settle: (bytes: number) => void
}

export const quota = (): Quota => {
  const used = new Map<string, number>()
  const add = (user: string, bytes: number) => void used.set(user, (used.get(user) ?? 0) + bytes)
  return {
    add,
    claim: (user, quotaBytes) => {
      let claimedBytes = 0
      return {
        cover: (bytes) => {
          if (bytes <= claimedBytes) return
          if ((used.get(user) ?? 0) - claimedBytes + bytes > quotaBytes) throw new BodyRefused({ _tag: 'QuotaExceeded' })
          add(user, bytes - claimedBytes)
          claimedBytes = bytes
        },
        settle: (bytes) => {
          add(user, bytes - claimedBytes)
          claimedBytes = bytes
        },
      }
    },
  }
}
