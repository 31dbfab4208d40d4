import { CarriedFailure } from '../../src/model/carried-failure'
import type { Download, Remote } from '../../src/remote/remote'
import { memoryRemote, type RemoteMemory } from '../../src/remote/memory'
import { held, cut } from './in-parts'

export interface CutLine {
  readonly memory: RemoteMemory
  readonly remote: Remote
  /** Where each body began. */
  readonly begins: number[]
  /** Encrypted bytes that were sent. */
  sentBytes: number
  /** Asked for each body: after how many of its bytes it is cut; Infinity: never. */
  cutAfter: (download: number) => number
  /** Told where each body begins. */
  onBegin: (fromByte: number) => void
  /** Waited for before each piece, told how many bytes were sent in all. */
  before: (sentBytes: number) => Promise<void> | void
}

/** A remote in memory whose bodies are cut. */
export const cutLine = (memory: RemoteMemory, inner: Remote = memoryRemote({ memory, powers: { batches: false } })): CutLine => {
  const cutShort = ({ body, ...told }: Download, leftBytes: number): Download => {
    const reader = body.getReader()
    let left = Math.floor(leftBytes)
    return {
      ...told,
      body: new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => {
            await made.before(made.sentBytes)
            const part = await reader.read()
            if (part.done) return controller.close()
            const bytes = part.value.subarray(0, left)
            left -= bytes.length
            made.sentBytes += bytes.length
            if (bytes.length > 0) controller.enqueue(bytes)
            if (left > 0) return
            void reader.cancel()
            controller.error(new CarriedFailure(cut))
          },
          cancel: () => reader.cancel(),
        },
        { highWaterMark: 0 },
      ),
    }
  }
  const made: CutLine = {
    memory,
    begins: [],
    sentBytes: 0,
    cutAfter: () => Infinity,
    before: () => {},
    onBegin: () => {},
    remote: {
      ...inner,
      get: (key, options) => async () => {
        const answer = await inner.get(key, options)()
        if (answer._tag === 'Left') return answer
        const { fromByte = 0 } = answer.right
        const download = made.begins.push(fromByte) - 1
        made.onBegin(fromByte)
        return { ...answer, right: cutShort(answer.right, made.cutAfter(download)) }
      },
    },
  }
  return made
}

/** Puts other bytes under an id of the remote, as nobody may. */
export const replaceHeld = (memory: RemoteMemory, id: string, make: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>): void => {
  const bytes = held(memory, id)
  if (bytes === undefined) throw new Error(`The remote holds no ${id}.`)
  for (const { blobs } of memory.namespaces.values()) for (const key of blobs.keys()) if (key === id) blobs.set(key, make(bytes))
}
