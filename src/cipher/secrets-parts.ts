import type { Bytes } from '../model/bytes'

/** The secrets of an account. Only the remote secret is of use to blobs: it is what `soledadCipher` takes. */
export interface SoledadSecrets {
  /** 512 bytes. */
  readonly remoteSecret: Bytes
  /** 64 bytes. */
  readonly localSalt: Bytes
  /** 448 bytes. */
  readonly localSecret: Bytes
  /**
   * Whether the file itself proves that the passphrase was right. False: with a wrong one these are random bytes, which only a
   * blob of the account can tell from its secrets.
   */
  readonly isVerified: boolean
}

/** In the order in which version 1 puts them one after the other. */
export const SECRET_BYTES = { remoteSecret: 512, localSalt: 64, localSecret: 448 } as const

export const SALT_BYTES = 64
export const IV_BYTES = 16
