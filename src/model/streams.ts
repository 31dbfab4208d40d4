import { owned } from './bytes'

/**
 * Whether a stream gives its pieces away: a byte stream takes the memory of what it is fed (Streams standard, 4.7), so nobody else can
 * see what comes of it. Bodies of `fetch` are such streams.
 */
export const isByteStream = (stream: ReadableStream<Uint8Array>): boolean => {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

/** For a stream of the same pieces as another: what was given away there must not be seen again here. */
export const typeOf = (isBytes: boolean): { readonly type?: 'bytes' } => (isBytes ? { type: 'bytes' } : {})

/** Closes a stream. A reader that waits with memory of its own hears of the end of a byte stream only once that was given back. */
export const close = (controller: ReadableStreamController<Uint8Array>): void => {
  controller.close()
  if ('byobRequest' in controller) controller.byobRequest?.respond(0)
}

/** The same stream, but something is done about each piece before it goes on; with what that throws it ends. */
export const passedOn = (
  source: ReadableStream<Uint8Array>,
  onPiece: (piece: Uint8Array) => void | Promise<unknown>,
): ReadableStream<Uint8Array> => {
  const type = typeOf(isByteStream(source))
  const reader = source.getReader()
  return new ReadableStream<Uint8Array>(
    {
      ...type,
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) return close(controller)
        await onPiece(value)
        return controller.enqueue(owned(value))
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  )
}
