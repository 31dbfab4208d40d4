/** The stream, telling at its end, whichever it is, how many bytes went through and what broke it. */
export const countedBody = (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: (bytes: number, error?: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const reader = stream.getReader()
  let bytes = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          if (value !== undefined) {
            bytes += value.length
            controller.enqueue(value)
          }
          if (!done) return
          ended(bytes)
          controller.close()
        } catch (error) {
          ended(bytes, error)
          throw error
        }
      },
      cancel: (reason) => {
        ended(bytes)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
