import * as E from 'fp-ts/Either'
import { concatenated, type Bytes } from '../model/bytes'
import { CarriedFailure } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { giveBack, type Payload } from '../model/payload'
import { encodeBase64url } from './base64url'
import type { ByteRange, Encrypted } from './cipher'
import type { SegmentKey } from './segment-engine'
import { layoutOf, nonceOf, SEGMENT_TAG_BYTES, type Format } from './segments'

/** What one content is encrypted with, and no other. */
export interface Sealing {
  readonly format: Format
  readonly header: Bytes
  readonly key: SegmentKey
}

/** @returns what makes the encrypted bytes of one segment of a payload, the header before the first; the tag is whole in the last part. */
export const segmentSealer = ({ format, header, key }: Sealing, payload: Payload) => {
  const { start, count } = layoutOf(format)
  const last = count(payload.sizeBytes) - 1
  return async (index: number): Promise<E.Either<Failure, readonly Bytes[]>> => {
    const plaintext = await payload.read(start(index), Math.min(start(index + 1), payload.sizeBytes))()
    if (E.isLeft(plaintext)) return plaintext
    const sealed = await key.seal(nonceOf(header, index, index === last), plaintext.right)
    giveBack(payload, plaintext.right)
    // The header is copied: who reads a stream may take its pieces away.
    return E.right(index === 0 ? [header.slice(), ...sealed] : sealed)
  }
}

/**
 * Encrypts a payload, or of its encrypted bytes those of a range. What lies within one segment comes whole; more streams, a segment at
 * a time.
 *
 * @param atOnce How many segments are made ahead of the reader, the one it waits for included.
 */
export const encryptSegments = async (
  sealing: Sealing,
  atOnce: number,
  payload: Payload,
  range?: ByteRange,
): Promise<E.Either<Failure, Encrypted>> => {
  const { segmentBytes } = sealing.format
  const totalBytes = layoutOf(sealing.format).encryptedSize(payload.sizeBytes)
  const { from, to } = range ?? { from: 0, to: totalBytes }
  const end = Math.ceil(to / segmentBytes)
  const seal = segmentSealer(sealing, payload)
  let next = Math.floor(from / segmentBytes)
  let tagText: E.Either<Failure, string> = E.left(failure('Aborted', 'The encrypted bytes were not read to their end.'))

  const make = async (index: number): Promise<E.Either<Failure, readonly Bytes[]>> => {
    const parts = await seal(index)
    if (E.isLeft(parts)) return parts
    if (to === totalBytes && index === end - 1) {
      tagText = E.right(encodeBase64url((parts.right.at(-1) ?? sealing.header).subarray(-SEGMENT_TAG_BYTES), true))
    }
    return E.right(within(parts.right, from - index * segmentBytes, to - index * segmentBytes))
  }

  const tag = async () => tagText
  if (end - next <= 1) {
    const parts = await make(next)
    return E.map((all: readonly Bytes[]) => ({ sizeBytes: to - from, body: concatenated(...all), tag }))(parts)
  }
  const ahead: ReturnType<typeof make>[] = []
  const body = new ReadableStream<Uint8Array>(
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
  )
  return E.right({ sizeBytes: to - from, body, tag })
}

/** The bytes of some parts from one position up to another, counted from the beginning of the first. */
export const within = (parts: readonly Bytes[], from: number, to: number): readonly Bytes[] => {
  let start = 0
  return parts.flatMap((part) => {
    const piece = part.subarray(Math.max(0, from - start), Math.max(0, to - start))
    start += part.length
    return piece.length > 0 ? [piece] : []
  })
}
