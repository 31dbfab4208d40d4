import type { Bytes } from '../model/bytes'
import { webMac, type MacEngine, type Soon } from './mac'
import type { Format } from './segments'

/** HKDF and AES-GCM for whole segments, however the platform does them. All engines give the same bytes. */
export interface SegmentEngine extends MacEngine {
  /** Segments that are worth to be under way at once: 1 where the platform does them on the spot. */
  readonly atOnce: number
  /** @returns what derives the key of one blob from a main key, with the hash of the format. */
  readonly blobKeys: (format: Format, mainKey: Bytes) => BlobKeys
}

/** HKDF (RFC 5869). */
export type BlobKeys = (salt: Bytes, info: Bytes) => Soon<SegmentKey>

/** The key of one blob. */
export interface SegmentKey {
  /** @returns ciphertext and tag, in one piece or in two, which are nobody else's. */
  readonly seal: (nonce: Bytes, plaintext: Bytes) => Soon<readonly Bytes[]>
  /** @returns null if the tag does not verify. */
  readonly open: (nonce: Bytes, segment: Bytes) => Soon<Bytes | null>
}

/** WebCrypto, as browsers have it. */
export const webSegments = (subtle: SubtleCrypto): SegmentEngine => ({
  atOnce: 3,
  mac: webMac(subtle),

  blobKeys: ({ hash, keyBytes }, mainKey) => {
    let imported: Promise<CryptoKey> | undefined
    return async (salt, info) => {
      imported ??= subtle.importKey('raw', mainKey, 'HKDF', false, ['deriveKey'])
      const name = 'AES-GCM'
      const aes = { name, length: 8 * keyBytes }
      const key = await subtle.deriveKey({ name: 'HKDF', hash, salt, info }, await imported, aes, false, ['encrypt', 'decrypt'])
      return {
        seal: async (iv, plaintext) => [new Uint8Array(await subtle.encrypt({ name, iv }, key, plaintext))],
        open: async (iv, segment) => {
          try {
            return new Uint8Array(await subtle.decrypt({ name, iv }, key, segment))
          } catch (error) {
            if (error instanceof Error && error.name === 'OperationError') return null
            throw error
          }
        },
      }
    }
  },
})
