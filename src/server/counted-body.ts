/** The stream, telling at its end, whichever it is, how many bytes went through and what broke it. */
export const countedBody = (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: (bytes: number, error?: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const reader = stream.getReader()
  let bytes = 0
  let isOver = false
  const end = (error?: unknown) => {
    if (!isOver) ended(bytes, error)
    isOver = true
  }
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read()
          // It was cancelled while this was read.
          if (isOver) return
          if (value !== undefined) {
            bytes += value.length
            controller.enqueue(value)
          }
          if (!done) return
          end()
          controller.close()
        } catch (error) {
          end(error)
          throw error
        }
      },
      cancel: (reason) => {
        end()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
