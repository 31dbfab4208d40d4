import { isInBrowser } from './platform'

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

const LARGE_BYTES = 65_536

/**
 * Gives the memory of bytes back that are one's own and that nobody needs any more, where they are large: left to the garbage collector, what is moved through
 * memory makes it run for each few MiB. Not in browsers: Chromium holds on to what its own calls made, and no longer knows to collect it.
 */
export const release = ({ buffer, length }: Uint8Array): void => {
  if (isInBrowser || length < LARGE_BYTES || buffer.byteLength !== length || !('transfer' in buffer)) return
  const { transfer } = buffer
  if (typeof transfer === 'function') Reflect.apply(transfer, buffer, [0])
}
