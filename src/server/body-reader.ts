import { joined, type Bytes } from '../model/bytes'
import { discard, incomplete, type Counted } from './body'
import { BodyRefused } from './refusal'

/** Reads the body of a request part by part. */
export interface BodyReader {
  /** What stands before the next line end, or the end of the body. @throws {BodyRefused} `TooLarge` if it is longer. */
  readonly line: (bytesMax: number) => Promise<Bytes>
  /** The next so many bytes, in the pieces in which they come. @throws {BodyRefused} `Incomplete` if there are fewer. */
  readonly take: (bytes: number) => AsyncIterable<Uint8Array>
  /** Passes over so many bytes. @throws {BodyRefused} `Incomplete` if there are fewer. */
  readonly skip: (bytes: number) => Promise<void>
  /** Forgets what was not read; the connection stays usable. */
  readonly discard: () => Promise<void>
}

export const bodyReader = (request: Request, counted: Counted): BodyReader => {
  const reader = request.body?.getReader()
  let unread: Uint8Array = new Uint8Array()

  /** @returns false at the end. */
  const readOn = async () => {
    const step = await reader?.read().catch(incomplete)
    if (step === undefined || step.done) return false
    counted.bytes += step.value.length
    unread = step.value
    return true
  }

  const next = (bytes: number) => {
    const piece = unread.subarray(0, bytes)
    unread = unread.subarray(piece.length)
    return piece
  }

  async function* take(bytes: number) {
    for (let missing = bytes; missing > 0;) {
      if (unread.length === 0 && !(await readOn())) incomplete()
      const piece = next(missing)
      missing -= piece.length
      yield piece
    }
  }

  return {
    line: async (bytesMax) => {
      const pieces: Uint8Array[] = []
      let isWhole = false
      let bytes = 0
      do {
        const end = unread.indexOf(LINE_END)
        isWhole = end !== -1
        const piece = next(isWhole ? end : unread.length)
        pieces.push(piece)
        bytes += piece.length
        if (bytes > bytesMax) throw new BodyRefused({ _tag: 'TooLarge' })
      } while (!isWhole && (await readOn()))
      if (isWhole) next(1)
      return joined(pieces)
    },
    take,
    skip: async (bytes) => {
      for await (const _ of take(bytes));
    },
    discard: () => discard(reader),
  }
}

const LINE_END = 0x0a
