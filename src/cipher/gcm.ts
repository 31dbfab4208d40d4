import * as O from 'fp-ts/Option'
import { joined, type Bytes } from '../model/bytes'

/** AES-256-GCM with 16-byte tags and HMAC-SHA-256, however the platform does them. All engines give the same bytes. */
export interface GcmEngine {
  /** Whether bytes come out while others still go in; else all come out at the end and are held until then. */
  readonly isStreaming: boolean
  /** The longest message. */
  readonly bytesMax: number
  /** @returns what begins the HMAC-SHA-256 of one message under this key. */
  readonly mac: (key: Bytes) => () => Mac
  readonly sealer: (key: Bytes, iv: Bytes, associated: Bytes) => Sealer
  readonly opener: (key: Bytes, iv: Bytes, associated: Bytes) => Opener
}

export type Soon<A> = A | Promise<A>

/** Owns the bytes it is given until the digest. */
export interface Mac {
  readonly update: (bytes: Bytes) => void
  readonly digest: () => Soon<Bytes>
}

/** Encrypts. Owns the bytes it is given until it is finished. */
export interface Sealer {
  readonly update: (plaintext: Bytes) => Bytes
  readonly finish: () => Soon<{ readonly rest: Bytes; readonly tag: Bytes }>
}

/** Decrypts. What `update` gives is not verified before `finish` gives `some`; `none`: the tag does not verify. */
export interface Opener {
  readonly update: (ciphertext: Uint8Array) => Bytes
  readonly finish: (tag: Bytes) => Soon<O.Option<Bytes>>
}

export const TAG_BYTES = 16

const nothing = new Uint8Array(0)

/** It holds a message four times at once, and what a page or a phone gives it is not told. */
const WHOLE_BYTES_MAX = 2 ** 28

/** WebCrypto, as browsers have it: it takes whole messages only. */
export const webGcm = (subtle: SubtleCrypto): GcmEngine => {
  const aesKey = (key: Bytes, usage: 'encrypt' | 'decrypt') => subtle.importKey('raw', key, 'AES-GCM', false, [usage])
  const settings = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData, tagLength: 8 * TAG_BYTES })

  return {
    isStreaming: false,
    bytesMax: WHOLE_BYTES_MAX,

    mac: (key) => {
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
    },

    sealer: (key, iv, associated) => {
      const { parts, add } = gathering<Bytes>()
      return {
        update: add,
        finish: async () => {
          const both = await subtle.encrypt(settings(iv, associated), await aesKey(key, 'encrypt'), whole(parts))
          const bytes = new Uint8Array(both)
          return { rest: bytes.subarray(0, -TAG_BYTES), tag: bytes.slice(-TAG_BYTES) }
        },
      }
    },

    opener: (key, iv, associated) => {
      const { parts, add } = gathering()
      return {
        update: add,
        finish: async (tag) => {
          const imported = await aesKey(key, 'decrypt')
          try {
            return O.some(new Uint8Array(await subtle.decrypt(settings(iv, associated), imported, joined([...parts, tag]))))
          } catch (error) {
            if (error instanceof Error && error.name === 'OperationError') return O.none
            throw error
          }
        },
      }
    },
  }
}

const gathering = <Part extends Uint8Array>() => {
  const parts: Part[] = []
  const add = (bytes: Part): Bytes => {
    parts.push(bytes)
    return nothing
  }
  return { parts, add }
}

/** One part alone is not copied. */
const whole = ([first = nothing, ...others]: readonly Bytes[]): Bytes =>
  others.length === 0 ? first : joined([first, ...others])
