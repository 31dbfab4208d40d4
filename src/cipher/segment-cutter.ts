import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { owned, release, type Bytes } from '../model/bytes'
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
  let takenBytes = 0

  return async () => {
    for (;;) {
      const part = piece.subarray(takenBytes, takenBytes + segmentBytes - segment.sizeBytes())
      const isCopied = segment.add(part)
      takenBytes += part.length
      // Only a byte beyond it shows that a segment is not the last.
      if (takenBytes < piece.length) return E.right({ bytes: segment.take(), isLast: false })
      if (isCopied && source.givesAway) release(piece)
      const next = await source.next()
      if (E.isLeft(next)) return next
      if (O.isNone(next.right)) return E.right({ bytes: segment.take(), isLast: true })
      piece = owned(next.right.value)
      takenBytes = 0
    }
  }
}
