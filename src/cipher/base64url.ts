import * as O from 'fp-ts/Option'
import { textBytes, type Bytes } from '../model/bytes'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PAD = 0x3d
const NONE = 0xff

const characterOf = textBytes(alphabet)
const valueOf = new Uint8Array(256).fill(NONE)
characterOf.forEach((character, value) => (valueOf[character] = value))

/** RFC 4648 section 5, as ASCII. @param isPadded whether `=` fills the last group of four. */
export const base64urlBytes = (bytes: Uint8Array, isPadded: boolean): Bytes => {
  const characters = Math.ceil((bytes.length * 4) / 3)
  const text = new Uint8Array(isPadded ? Math.ceil(characters / 4) * 4 : characters).fill(PAD)
  // Plain indices: this runs once per blob, and an iterator would cost as much as the encryption.
  for (let index = 0; index < characters; index++) {
    const from = (index * 3) >> 2
    const pair = ((bytes[from] ?? 0) << 8) | (bytes[from + 1] ?? 0)
    text[index] = characterOf[(pair >> (10 - ((index * 6) & 7))) & 63] ?? PAD
  }
  return text
}

/** `base64urlBytes` as text. */
export const encodeBase64url = (bytes: Uint8Array, isPadded: boolean): string =>
  String.fromCharCode(...base64urlBytes(bytes, isPadded))

/**
 * Reads the one form in which `encodeBase64url` writes them: no other character, exact padding, unused bits zero.
 *
 * @param text ASCII. @returns `none` for anything else.
 */
export const decodeBase64url = (text: Uint8Array, isPadded: boolean): O.Option<Bytes> => {
  const characters = text[text.length - 1] === PAD ? text.length - (text[text.length - 2] === PAD ? 2 : 1) : text.length
  const lastGroup = characters % 4
  if (lastGroup === 1 || text.length !== (isPadded ? Math.ceil(characters / 4) * 4 : characters)) return O.none
  const bytes = new Uint8Array((characters * 3) >> 2)
  let bits = 0
  let held = 0
  let position = 0
  for (let index = 0; index < characters; index++) {
    const value = valueOf[text[index] ?? NONE] ?? NONE
    if (value === NONE) return O.none
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[position++] = held >> bits
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? O.some(bytes) : O.none
}
