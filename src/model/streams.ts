import { owned, type Bytes } from './bytes'
import { isInBrowser } from './platform'

/**
 * Whether the memory of a stream's pieces may be given back: a byte stream takes the memory of what it is fed (Streams standard, 4.7), so
 * nobody else can see what comes of it. Bodies of `fetch` are such streams. Never in browsers, where `release` does nothing.
 */
export const givesAway = (stream: ReadableStream<Uint8Array>): boolean => {
  if (isInBrowser) return false
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

export interface Pulled {
  /** Whether the pieces are the reader's alone. */
  readonly givesAway: boolean
  /** Comes before all that `next` gives. */
  readonly first?: Uint8Array
  /** Null after the last piece. The stream ends with what this throws. */
  readonly next: () => Promise<Uint8Array | null>
  readonly cancel: () => unknown
}

/** A stream that asks for a piece when it is asked for one. */
export const pulled = ({ givesAway: isByteStream, first, next, cancel }: Pulled): ReadableStream<Bytes> =>
  new ReadableStream<Bytes>(
    {
      ...(isByteStream ? { type: 'bytes' } : {}),
      start: (controller) => {
        if (first !== undefined) controller.enqueue(owned(first))
      },
      pull: async (controller) => {
        const piece = await next()
        if (piece !== null) return controller.enqueue(owned(piece))
        controller.close()
        // A reader that waits with memory of its own hears of the end only once that was answered.
        if ('byobRequest' in controller) controller.byobRequest?.respond(0)
      },
      cancel: async () => void (await cancel()),
    },
    { highWaterMark: 0 },
  )

/** The same stream, but something is done about each piece before it goes on; with what that throws it ends. */
export const passedOn = (
  source: ReadableStream<Uint8Array>,
  onPiece: (piece: Uint8Array) => void | Promise<unknown>,
): ReadableStream<Bytes> => {
  const isGiven = givesAway(source)
  const reader = source.getReader()
  return pulled({
    givesAway: isGiven,
    next: async () => {
      const { done, value } = await reader.read()
      if (done) return null
      await onPiece(value)
      return value
    },
    cancel: () => reader.cancel(),
  })
}
