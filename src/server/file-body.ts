import type { FileHandle } from 'node:fs/promises'

const READ_BYTES = 256 * 1024

/** An open file as a stream that reads ahead of nobody, and closes the file at its end, at an error or when it is cancelled. */
export const fileBody = async (
  handle: FileHandle,
): Promise<{ sizeBytes: number; body: ReadableStream<Uint8Array<ArrayBuffer>> }> => {
  const sizeBytes = (await handle.stat()).size
  let done = 0
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const buffer = new Uint8Array(Math.min(READ_BYTES, sizeBytes - done))
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, done)
          if (bytesRead === 0 && done < sizeBytes) throw new Error('A payload became shorter while it was read.')
          done += bytesRead
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead))
          if (done < sizeBytes) return
          await handle.close()
          controller.close()
        } catch (error) {
          await handle.close()
          throw error
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  )
  return { sizeBytes, body }
}
