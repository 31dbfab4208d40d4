/** Bytes that own their memory, as WebCrypto and request bodies want them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** One after the other, copied. */
export const concatenated = (...parts: readonly Uint8Array[]): Bytes => joined(parts)

/** The same of any number of parts: a call takes some hundred thousand arguments at most, and a remote may send a byte at a time. */
export const joined = (parts: readonly Uint8Array[]): Bytes => {
  const whole = new Uint8Array(parts.reduce((lengthBytes, part) => lengthBytes + part.length, 0))
  let position = 0
  for (const part of parts) {
    whole.set(part, position)
    position += part.length
  }
  return whole
}

/** Text as UTF-8, which for ids and base64 is ASCII. */
export const textBytes = (text: string): Bytes => new TextEncoder().encode(text)

/** Bytes whose memory may be shared, copied if it is. */
export const owned = (bytes: Uint8Array): Bytes => (isOwned(bytes) ? bytes : concatenated(bytes))

const isOwned = (bytes: Uint8Array): bytes is Bytes => bytes.buffer instanceof ArrayBuffer
