import * as O from 'fp-ts/Option'
import { joined, type Bytes } from '../model/bytes'
import { gathering, webMac, whole, type MacEngine, type Soon } from './mac'

/** AES-256-GCM with 16-byte tags and HMAC-SHA-256, however the platform does them. All engines give the same bytes. */
export interface GcmEngine extends MacEngine {
  /** Whether bytes come out while others still go in; else all come out at the end and are held until then. */
  readonly isStreaming: boolean
  /** The longest message. */
  readonly bytesMax: number
  readonly sealer: (key: Bytes, iv: Bytes, associated: Bytes) => Sealer
  readonly opener: (key: Bytes, iv: Bytes, associated: Bytes) => Opener
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

/** It holds a message four times at once, and how much a page or a phone gives it is not told. */
const WHOLE_BYTES_MAX = 64 * 1024 * 1024

/** WebCrypto, as browsers have it: it takes whole messages only. */
export const webGcm = (subtle: SubtleCrypto): GcmEngine => {
  const aesKey = (key: Bytes, usage: 'encrypt' | 'decrypt') => subtle.importKey('raw', key, 'AES-GCM', false, [usage])
  const settings = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData, tagLength: 8 * TAG_BYTES })

  return {
    isStreaming: false,
    bytesMax: WHOLE_BYTES_MAX,

    mac: webMac(subtle),

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
