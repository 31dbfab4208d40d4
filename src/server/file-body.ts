import type { FileHandle } from 'node:fs/promises'
import type { Span } from './backend'

const READ_BYTES = 256 * 1024

/**
 * Part of an open file as a stream that reads ahead of nobody, and closes the file at its end, at an error or when it is
 * cancelled. All pieces but the last are of one size.
 */
export const fileBody = (handle: FileHandle, { from, to }: Span): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let done = from
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        try {
          const bytes = await readFully(handle, done, Math.min(done + READ_BYTES, to))
          done += bytes.length
          if (bytes.length > 0) controller.enqueue(bytes)
          if (done < to) return
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
}

const readFully = async (handle: FileHandle, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = new Uint8Array(to - from)
  for (let filled = 0; filled < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, from + filled)
    if (bytesRead === 0) throw new Error('A payload became shorter while it was read.')
    filled += bytesRead
  }
  return bytes
}
