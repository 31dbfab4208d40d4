import * as E from 'fp-ts/Either'
import { concatenated, type Bytes } from '../model/bytes'
import { CarriedFailure } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import { encodeBase64url } from './base64url'
import type { ByteRange, Encrypted } from './cipher'
import type { SegmentKey } from './segment-engine'
import { layoutOf, nonceOf, SEGMENT_TAG_BYTES, type Format } from './segments'

/** What one content is encrypted with, and no other. */
export interface Sealing {
  readonly format: Format
  readonly header: Bytes
  readonly key: SegmentKey
  /** How many segments are made ahead of the reader, the one it waits for included. */
  readonly atOnce: number
}

/**
 * Encrypts a payload, or of its encrypted bytes those of a range. What lies within one segment comes whole; more streams, a segment at
 * a time.
 */
export const encryptSegments = async (
  { format, header, key, atOnce }: Sealing,
  payload: Payload,
  range?: ByteRange,
): Promise<E.Either<Failure, Encrypted>> => {
  const { segmentBytes } = format
  const layout = layoutOf(format)
  const totalBytes = layout.encryptedSize(payload.sizeBytes)
  const { from, to } = range ?? { from: 0, to: totalBytes }
  const last = layout.count(payload.sizeBytes) - 1
  const end = Math.ceil(to / segmentBytes)
  let next = Math.floor(from / segmentBytes)
  let tag: E.Either<Failure, string> = E.left(failure('Aborted', 'The encrypted bytes were not read to their end.'))

  const make = async (index: number): Promise<E.Either<Failure, readonly Bytes[]>> => {
    const stop = Math.min(layout.start(index + 1), payload.sizeBytes)
    const plaintext = await payload.read(layout.start(index), stop)()
    if (E.isLeft(plaintext)) return plaintext
    const sealed = await key.seal(nonceOf(header, index, index === last), plaintext.right)
    if (index === last && to === totalBytes) {
      tag = E.right(encodeBase64url((sealed.at(-1) ?? header).subarray(-SEGMENT_TAG_BYTES), true))
    }
    // The header is copied: who reads a stream may take its pieces away.
    const parts = index === 0 ? [header.slice(), ...sealed] : sealed
    return E.right(cut(parts, from - index * segmentBytes, to - index * segmentBytes))
  }

  if (end - next <= 1) {
    const parts = await make(next)
    return E.isLeft(parts) ? parts : E.right({ sizeBytes: to - from, body: concatenated(...parts.right), tag: async () => tag })
  }
  const ahead: ReturnType<typeof make>[] = []
  return E.right({
    sizeBytes: to - from,
    body: new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (ahead.length < atOnce && next < end) {
            const making = make(next++)
            // A reader that has left does not hear of it.
            making.catch(() => {})
            ahead.push(making)
          }
          const parts = await ahead.shift()
          if (parts === undefined) return
          if (E.isLeft(parts)) return controller.error(new CarriedFailure(parts.left))
          for (const part of parts.right) controller.enqueue(part)
          if (ahead.length === 0 && next === end) controller.close()
        },
      },
      { highWaterMark: 0 },
    ),
    tag: async () => tag,
  })
}

/** The bytes of some parts from one position up to another, counted from the beginning of the first. */
const cut = (parts: readonly Bytes[], from: number, to: number): readonly Bytes[] => {
  let start = 0
  return parts.flatMap((part) => {
    const piece = part.subarray(Math.max(0, from - start), Math.max(0, to - start))
    start += part.length
    return piece.length > 0 ? [piece] : []
  })
}
