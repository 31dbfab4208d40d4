import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { owned, type Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import { gathered } from './gathered'
import type { Source } from './source'

export interface Segment {
  /** Encrypted. They are overwritten when the next segment is asked for. */
  readonly bytes: Bytes
  /** Nothing follows. */
  readonly isLast: boolean
}

/** Cuts a body into segments, the last of which may be shorter, or empty in an empty body. It holds one of them and one piece of the body. */
export const segmentCutter = (source: Source, segmentBytes: number): (() => Promise<E.Either<Failure, Segment>>) => {
  const segment = gathered(segmentBytes)
  let piece: Bytes = new Uint8Array(0)

  return async () => {
    for (;;) {
      const missingBytes = segmentBytes - segment.sizeBytes()
      segment.add(piece.subarray(0, missingBytes))
      piece = piece.subarray(missingBytes)
      // Only a byte beyond it shows that a segment is not the last.
      if (piece.length > 0) return E.right({ bytes: segment.take(), isLast: false })
      const next = await source.next()
      if (E.isLeft(next)) return next
      if (O.isNone(next.right)) return E.right({ bytes: segment.take(), isLast: true })
      piece = owned(next.right.value)
    }
  }
}
