import type { Bytes } from '../model/bytes'

/** Bytes that came in pieces, in one piece. One that comes alone is not copied, and a piece that was given is never written to. */
export interface Gathered {
  readonly sizeBytes: () => number
  /** @returns whether it was copied: one that was not must stay as it is until they are taken. */
  readonly add: (piece: Bytes) => boolean
  /** All of them, until the next one is added; then it begins anew. */
  readonly take: () => Bytes
}

/** @param bytesMax The most that are gathered before they are taken. */
export const gathered = (bytesMax: number): Gathered => {
  let bytes: Bytes = new Uint8Array(0)
  let sizeBytes = 0
  let isBorrowed = true

  return {
    sizeBytes: () => sizeBytes,
    add: (piece) => {
      if (piece.length === 0) return true
      const neededBytes = sizeBytes + piece.length
      const isTooSmall = isBorrowed || bytes.length < neededBytes
      if (isTooSmall && sizeBytes === 0) {
        bytes = piece
        isBorrowed = true
      } else {
        if (isTooSmall) {
          const grown = new Uint8Array(Math.min(bytesMax, 2 * neededBytes))
          grown.set(bytes.subarray(0, sizeBytes))
          bytes = grown
          isBorrowed = false
        }
        bytes.set(piece, sizeBytes)
      }
      sizeBytes = neededBytes
      return !isBorrowed
    },
    take: () => {
      const taken = bytes.subarray(0, sizeBytes)
      sizeBytes = 0
      return taken
    },
  }
}
