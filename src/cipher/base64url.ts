import * as O from 'fp-ts/Option'
import type { Bytes } from './bytes'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PAD = 0x3d
const NONE = 0xff

const valueOf = new Uint8Array(256).fill(NONE)
for (let value = 0; value < alphabet.length; value++) valueOf[alphabet.charCodeAt(value)] = value

/** RFC 4648 section 5. @param isPadded whether `=` fills the last group of four. */
export const encodeBase64url = (bytes: Uint8Array, isPadded: boolean): string => {
  let text = ''
  for (let position = 0; position < bytes.length; position += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(position, position + 3)
    const group = (a << 16) | (b << 8) | c
    const characters = Math.min(4, bytes.length - position + 1)
    for (let index = 0; index < characters; index++) text += alphabet.charAt((group >> (18 - 6 * index)) & 63)
    if (isPadded) text += '='.repeat(4 - characters)
  }
  return text
}

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
