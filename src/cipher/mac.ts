import { joined, type Bytes } from '../model/bytes'

/** HMAC-SHA-256, however the platform does it. */
export interface MacEngine {
  /** @returns what begins the HMAC-SHA-256 of one message under this key. */
  readonly mac: (key: Bytes) => () => Mac
}

export type Soon<A> = A | Promise<A>

/** Owns the bytes it is given until the digest. */
export interface Mac {
  readonly update: (bytes: Bytes) => void
  readonly digest: () => Soon<Bytes>
}

/** By WebCrypto, which takes whole messages only; a key is imported once. */
export const webMac =
  (subtle: SubtleCrypto): MacEngine['mac'] =>
  (key) => {
    let imported: Promise<CryptoKey> | undefined
    return () => {
      const { parts, add } = gathering<Bytes>()
      return {
        update: add,
        digest: async () => {
          imported ??= subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
          return new Uint8Array(await subtle.sign('HMAC', await imported, whole(parts)))
        },
      }
    }
  }

const nothing = new Uint8Array(0)

/** Takes a message piece by piece for a platform that wants it whole. */
export const gathering = <Part extends Uint8Array>() => {
  const parts: Part[] = []
  const add = (bytes: Part): Bytes => {
    parts.push(bytes)
    return nothing
  }
  return { parts, add }
}

/** One part alone is not copied. */
export const whole = ([first = nothing, ...others]: readonly Bytes[]): Bytes =>
  others.length === 0 ? first : joined([first, ...others])
