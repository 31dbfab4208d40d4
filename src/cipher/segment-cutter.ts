import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { concatenated, type Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { Source } from './source'

export interface Segment {
  /** Encrypted. They are overwritten when the next segment is asked for. */
  readonly bytes: Bytes
  /** Nothing follows. */
  readonly isLast: boolean
}

/** Cuts a body into segments, the last of which may be shorter, or empty in an empty body. It holds one of them and one piece of the body. */
export const segmentCutter = (source: Source, segmentBytes: number): (() => Promise<E.Either<Failure, Segment>>) => {
  let gathered: Bytes = new Uint8Array(0)
  let gatheredBytes = 0
  let piece: Bytes = gathered

  /** Whether it is a piece of the body's, which is never written to. */
  let isBorrowed = true

  const gather = (bytes: Bytes) => {
    const neededBytes = gatheredBytes + bytes.length
    if (gatheredBytes === 0 && (isBorrowed || gathered.length < neededBytes)) {
      gathered = bytes
      isBorrowed = true
    } else {
      if (isBorrowed || gathered.length < neededBytes) {
        const grown = new Uint8Array(Math.min(segmentBytes, 2 * neededBytes))
        grown.set(gathered.subarray(0, gatheredBytes))
        gathered = grown
        isBorrowed = false
      }
      gathered.set(bytes, gatheredBytes)
    }
    gatheredBytes = neededBytes
  }

  return async () => {
    for (;;) {
      // Only a byte beyond it shows that a segment is not the last.
      if (gatheredBytes + piece.length > segmentBytes) {
        const missing = piece.subarray(0, segmentBytes - gatheredBytes)
        piece = piece.subarray(missing.length)
        if (gatheredBytes === 0) return E.right({ bytes: missing, isLast: false })
        gather(missing)
        gatheredBytes = 0
        return E.right({ bytes: gathered.subarray(0, segmentBytes), isLast: false })
      }
      gather(piece)
      const next = await source.next()
      if (E.isLeft(next)) return next
      if (O.isNone(next.right)) return E.right({ bytes: gathered.subarray(0, gatheredBytes), isLast: true })
      piece = owned(next.right.value)
    }
  }
}

const owned = (piece: Uint8Array): Bytes => (isOwn(piece) ? piece : concatenated(piece))

const isOwn = (piece: Uint8Array): piece is Bytes => piece.buffer instanceof ArrayBuffer
