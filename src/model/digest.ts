import type { BlobId } from './ids'

/**
 * What a set of blobs comes to: how many they are, and the digests of all of them by exclusive or, so that it is kept up to date blob by blob. It finds
 * what was lost or mixed up by accident; against who lies nothing would help, since whoever lists blobs may leave some out.
 */
export interface SetDigest {
  readonly blobs: number
  readonly words: Words
}

/** 128 bits. */
export type Words = readonly [number, number, number, number]

/** The set of one blob: MurmurHash3 (x86, 32 bits) of id, a space and the tag, with the seeds 1 to 4. */
export const digestOf = (id: BlobId, tag: string): SetDigest => {
  const text = `${id} ${tag}`
  return { blobs: 1, words: [murmur(text, 1), murmur(text, 2), murmur(text, 3), murmur(text, 4)] }
}

/** Adds a set that has nothing in common with the other, or takes one away that is part of it: `sign` -1. */
export const combined = (a: SetDigest, b: SetDigest, sign: 1 | -1 = 1): SetDigest => {
  const [a0, a1, a2, a3] = a.words
  const [b0, b1, b2, b3] = b.words
  return { blobs: a.blobs + sign * b.blobs, words: [(a0 ^ b0) >>> 0, (a1 ^ b1) >>> 0, (a2 ^ b2) >>> 0, (a3 ^ b3) >>> 0] }
}

export const nothing: SetDigest = { blobs: 0, words: [0, 0, 0, 0] }

/** 32 hexadecimal digits. */
export const digestText = ({ words }: SetDigest): string => words.map((word) => word.toString(16).padStart(8, '0')).join('')

/** A range of ids is named by the first digits of their hash: by so many at most. */
export const RANGE_DIGITS = 3

export const isRange = (text: string): boolean => /^[0-9a-f]{0,3}$/.test(text)

/** The narrowest range that an id is in: the first three hexadecimal digits of its MurmurHash3 with the seed 0. */
export const rangeOf = (id: BlobId): string => murmur(id, 0).toString(16).padStart(8, '0').slice(0, RANGE_DIGITS)

/** The sixteen ranges that one is made of, in order. */
export const partsOf = (range: string): readonly string[] => Array.from('0123456789abcdef', (digit) => range + digit)

/** Of text that has no character beyond 127, as UTF-8. */
const murmur = (text: string, seed: number): number => {
  let hash = seed
  const end = text.length & ~3
  for (let at = 0; at < end; at += 4) {
    hash ^= mixed(
      text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24),
    )
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let at = text.length - 1; at >= end; at -= 1) rest = (rest << 8) | text.charCodeAt(at)
  hash ^= mixed(rest) ^ text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const mixed = (block: number) => {
  const first = Math.imul(block, 0xcc9e2d51)
  return Math.imul((first << 15) | (first >>> 17), 0x1b873593)
}
