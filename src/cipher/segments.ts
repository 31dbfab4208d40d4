import type { Bytes } from '../model/bytes'

/** One kind of Tink's AES-GCM-HKDF streaming AEAD. */
export interface Format {
  /** Of the HKDF that makes a blob's key. */
  readonly hash: 'SHA-1' | 'SHA-256' | 'SHA-512'
  /** Of a blob's key, and of its salt. */
  readonly keyBytes: 16 | 32
  /** Encrypted bytes of each segment but the last, header included in the first. */
  readonly segmentBytes: number
}

/** That of our blobs. */
export const BLOB_FORMAT: Format = { hash: 'SHA-256', keyBytes: 32, segmentBytes: 1024 * 1024 }

export const SEGMENT_TAG_BYTES = 16
const PREFIX_BYTES = 7
/** A segment's number has 32 bits. */
const SEGMENTS_MAX = 2 ** 32

/** What stands before the first segment: its own length, the salt of the blob's key, the prefix of all nonces. */
export const headerBytes = ({ keyBytes }: Format): number => 1 + keyBytes + PREFIX_BYTES

/** A header for one content, never to be used for another. */
export const newHeader = (format: Format): Bytes => {
  const header = crypto.getRandomValues(new Uint8Array(headerBytes(format)))
  header[0] = header.length
  return header
}

export const saltIn = (header: Bytes): Bytes => header.subarray(1, -PREFIX_BYTES)

/** The nonce of a segment: it tells the place in the order, and the end. */
export const nonceOf = (header: Bytes, index: number, isLast: boolean): Bytes => {
  const nonce = new Uint8Array(PREFIX_BYTES + 5)
  nonce.set(header.subarray(-PREFIX_BYTES))
  new DataView(nonce.buffer).setUint32(PREFIX_BYTES, index)
  nonce[PREFIX_BYTES + 4] = isLast ? 1 : 0
  return nonce
}

/** Where things stand in a format, in bytes. */
export const layoutOf = (format: Format) => {
  const head = headerBytes(format)
  const room = format.segmentBytes - SEGMENT_TAG_BYTES

  /** There is always one segment, and only the only one may be empty. */
  const count = (plaintextBytes: number) => Math.max(1, Math.ceil((plaintextBytes + head) / room))
  const encryptedSize = (plaintextBytes: number) => head + plaintextBytes + SEGMENT_TAG_BYTES * count(plaintextBytes)
  return {
    count,
    encryptedSize,
    plaintextBytesMax: SEGMENTS_MAX * room - head,
    /** Of encrypted bytes of that many; what `encryptedSize` never gives has none: NaN. */
    plaintextSize: (encryptedBytes: number) => {
      const size = encryptedBytes - head - SEGMENT_TAG_BYTES * Math.ceil(encryptedBytes / format.segmentBytes)
      return size >= 0 && encryptedSize(size) === encryptedBytes ? size : NaN
    },
    /** The segment that holds a byte of plaintext. */
    indexOf: (plaintextByte: number) => Math.floor((plaintextByte + head) / room),
    /** The first byte of plaintext in a segment. */
    start: (index: number) => Math.max(0, index * room - head),
  }
}
