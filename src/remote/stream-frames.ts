import * as E from 'fp-ts/Either'
import { concatenated, textBytes, type Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { NO_FRAME } from '../model/wire'
import type { Received, SmallBlob } from './remote'

/** What an upload stream sends: which blobs come, as one line of JSON in the spacing of Soledad’s client, then one after the other. */
export const uploadFrames = (blobs: readonly SmallBlob[]): Bytes => {
  // An id has no character that JSON escapes.
  const announced = blobs.map(({ id, bytes }) => `["${id}", ${bytes.length}]`)
  return concatenated(textBytes(`[${announced.join(', ')}]\n`), ...blobs.map(({ bytes }) => bytes))
}

/** Reads a download stream, in whatever parts it arrives. */
export interface FrameParser {
  /** The blobs that came whole, in order; null: it is not there. */
  readonly received: readonly (Received | null)[]
  /** Takes the next bytes. Once left, it stays left: `Corrupt` for what is no frame, `TooLarge` for a blob that goes beyond the limit. */
  readonly take: (part: Uint8Array) => E.Either<Failure, void>
  /** The stream is over; `Unreachable` if it ended early. */
  readonly end: () => E.Either<Failure, void>
}

/** Eight digits for the size, 24 characters of tag, a blank. */
const HEADER_BYTES = 33

const header = /^([0-9a-f]{8})([A-Za-z0-9_=-]{24}) $/

/**
 * A parser for so many frames. What a tag says is for the cipher to judge.
 *
 * @param bytesMax Of all blobs together; no memory is taken for more.
 * @param mayLack Whether the stream may tell of a blob that it is not there.
 */
export const frameParser = (count: number, bytesMax: number, mayLack = false): FrameParser => {
  const received: (Received | null)[] = []
  const head = new Uint8Array(HEADER_BYTES)
  let blob: Received | null = null
  let filled = 0
  let bytesLeft = bytesMax
  let verdict: E.Either<Failure, void> = E.right(undefined)

  const take = (part: Uint8Array): E.Either<Failure, void> => {
    for (let place = 0; place < part.length && E.isRight(verdict);) {
      if (received.length === count) verdict = E.left(failure('Corrupt', `The stream goes on after its ${count} blobs.`))
      else {
        const target = blob?.bytes ?? head
        const piece = part.subarray(place, place + target.length - filled)
        target.set(piece, filled)
        filled += piece.length
        place += piece.length
        settle()
      }
    }
    return verdict
  }

  /** A blob may have no byte at all: then it is whole as soon as its header is. */
  const settle = () => {
    if (blob === null && filled === HEADER_BYTES) {
      if (mayLack && String.fromCharCode(...head) === NO_FRAME) {
        received.push(null)
        filled = 0
        return
      }
      const opened = frameOf(head, bytesLeft)
      if (E.isLeft(opened)) return void (verdict = opened)
      blob = opened.right
      bytesLeft -= blob.bytes.length
      filled = 0
    }
    if (blob !== null && filled === blob.bytes.length) {
      received.push(blob)
      blob = null
      filled = 0
    }
  }

  const end = (): E.Either<Failure, void> =>
    E.isRight(verdict) && received.length < count
      ? E.left(failure('Unreachable', `The stream ended after ${received.length} of ${count} blobs.`))
      : verdict

  return { received, take, end }
}

/** A frame of which only the header has come. */
const frameOf = (head: Uint8Array, bytesMax: number): E.Either<Failure, Received> => {
  const [, size = '', tag = ''] = header.exec(String.fromCharCode(...head)) ?? []
  if (tag === '') return E.left(failure('Corrupt', 'The stream has something else where the next blob should begin.'))
  const sizeBytes = Number.parseInt(size, 16)
  return sizeBytes > bytesMax
    ? E.left(failure('TooLarge', `The stream has a blob of ${sizeBytes} bytes, where ${bytesMax} are allowed.`))
    : E.right({ bytes: new Uint8Array(sizeBytes), tag })
}
