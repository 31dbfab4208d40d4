import type { Bytes } from '../model/bytes'
import { holding } from './opfs-holding'
import { workerScript } from './opfs-worker'

/** Writes files of one folder. Errors of the browser are thrown; after one, the file is to be given up. */
export interface OpfsWriter {
  /**
   * Adds bytes at the end of a file, which the first call makes. The memory of the bytes is taken away from the caller.
   *
   * @param isLast The file is whole, and as durable as the browser makes it, when this resolves.
   */
  readonly write: (name: string, position: number, bytes: Bytes, isLast: boolean) => Promise<void>
  /** Makes durable what is there of a file; absent where only whole files can be. */
  readonly flush?: (name: string) => Promise<void>
  /** Lets go of a file that is not whole; harmless for one that is. */
  readonly giveUp: (name: string) => Promise<void>
  readonly close: () => void
}

/** Writes in a worker, with a flush to the disk. Rejects where the browser has no such files, or the page's policy no such workers. */
export const workerWriter = (folder: string): Promise<OpfsWriter> =>
  new Promise((resolve, reject) => {
    const url = URL.createObjectURL(new Blob([workerScript], { type: 'text/javascript' }))
    const worker = new Worker(url)
    const waiting = new Map<number, Waiting>()
    let calls = 0

    const ask = (name: string, position: number, bytes: Bytes | null, end: 0 | 1 | 2 | 3): Promise<void> =>
      new Promise((succeed, fail) => {
        waiting.set(calls, { succeed, fail })
        worker.postMessage([calls++, folder, name, position, bytes, end], bytes === null ? [] : [bytes.buffer])
      })
    const writer: OpfsWriter = {
      write: (name, position, bytes, isLast) => ask(name, position, bytes, isLast ? 1 : 0),
      flush: (name) => ask(name, 0, null, 3),
      giveUp: (name) => ask(name, 0, null, 2),
      close: () => worker.terminate(),
    }

    worker.addEventListener('message', ({ data: [call, errorName, message] }: MessageEvent<Answer>) => {
      if (call === undefined) {
        URL.revokeObjectURL(url)
        resolve(writer)
        return
      }
      const { succeed, fail } = waiting.get(call) ?? {}
      waiting.delete(call)
      if (errorName === undefined) succeed?.()
      else fail?.(new DOMException(message, errorName))
    })
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      const error = new DOMException('The worker that writes files has ended.', 'UnknownError')
      reject(error)
      for (const { fail } of waiting.values()) fail(error)
    })
  })

type Answer = readonly [call?: number, errorName?: string, message?: string]

interface Waiting {
  readonly succeed: () => void
  readonly fail: (error: DOMException) => void
}

/** Writes on the page itself. The browser puts a whole file in its place when it is closed; no call can ask for more. */
export const pageWriter = (inFolder: <A>(run: (folder: FileSystemDirectoryHandle) => Promise<A>) => Promise<A>): OpfsWriter => {
  const streams = new Map<string, FileSystemWritableFileStream>()

  const open = async (name: string): Promise<FileSystemWritableFileStream> => {
    const file = await inFolder((folder) => folder.getFileHandle(name, { create: true }))
    const stream = await holding(file, () => file.createWritable())
    streams.set(name, stream)
    return stream
  }

  const end = async (name: string, how: 'close' | 'abort') => {
    const stream = streams.get(name)
    streams.delete(name)
    if (stream !== undefined) await holding(stream, () => stream[how]())
  }

  return {
    write: async (name, _position, bytes, isLast) => {
      await (streams.get(name) ?? (await open(name))).write(bytes)
      if (isLast) await end(name, 'close')
    },
    giveUp: (name) => end(name, 'abort').catch(() => {}),
    close: () => {},
  }
}
