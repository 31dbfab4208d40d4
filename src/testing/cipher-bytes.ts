import { right } from 'fp-ts/TaskEither'
import { concatenated, type Bytes } from '../model/bytes'
import type { Sink } from '../cipher/cipher'

/** Bytes without a pattern, the same each time. */
export const noise = (lengthBytes: number): Bytes => {
  let state = 0x2545f491
  return new Uint8Array(lengthBytes).map(() => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  })
}

export const pieces = (bytes: Uint8Array, pieceBytes: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  )

/** A body of these pieces, made as it is read; with an error it breaks after the last one. @param onEnd Told when it was read or cancelled. */
export const bodyOf = (parts: readonly Uint8Array[], error?: Error, onEnd = (): void => {}): ReadableStream<Uint8Array> => {
  let index = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const part = parts[index++]
        if (part !== undefined) controller.enqueue(part)
        else if (error !== undefined) controller.error(error)
        else {
          controller.close()
          onEnd()
        }
      },
      cancel: onEnd,
    },
    { highWaterMark: 0 },
  )
}

/** All bytes of what `encrypt` gives. */
export const wholeOf = async (body: Uint8Array | ReadableStream<Uint8Array>): Promise<Bytes> =>
  concatenated(...(await piecesIn(body)))

/** The same in the pieces in which they come. */
export const piecesIn = async (body: Uint8Array | ReadableStream<Uint8Array>): Promise<readonly Uint8Array[]> => {
  if (body instanceof Uint8Array) return [body]
  const parts: Uint8Array[] = []
  const reader = body.getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) parts.push(piece.value)
  return parts
}

/** A sink that keeps what it takes, as a store may: a cipher that uses a buffer again spoils it. */
export const collecting = (): { readonly take: Sink; readonly bytes: () => Bytes } => {
  const parts: Uint8Array[] = []
  return {
    take: (bytes) => {
      parts.push(bytes)
      return right(undefined)
    },
    bytes: () => concatenated(...parts),
  }
}
