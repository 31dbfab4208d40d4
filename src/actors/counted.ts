/** The same bytes, counted as they come: a cipher may hold them all until the last one is there. */
export const counted = (source: ReadableStream<Uint8Array>, told: (bytes: number) => void): ReadableStream<Uint8Array> => {
  const reader = source.getReader()
  let bytes = 0
  return new ReadableStream(
    {
      pull: async (controller) => {
        const part = await reader.read()
        if (part.done) return controller.close()
        bytes += part.value.length
        told(bytes)
        return controller.enqueue(part.value)
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  )
}
