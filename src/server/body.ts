import { joined, type Bytes } from '../model/bytes'
import { BodyRefused } from './refusal'

/** Bodies up to this size are read in one go, which costs a server far less than a stream. */
const WHOLE_BYTES_MAX = 128 * 1024

/** What a request's body should be, in bytes. */
export interface Expected {
  /** As its head announces it; null if it doesn't. */
  readonly announced: number | null
  readonly min: number
  readonly max: number
}

export interface Counted {
  /** Bytes so far. */
  bytes: number
}

/**
 * The body of a request, checked against what was announced and what is allowed. It is not cancelled when its reader stops early:
 * that would cut the connection before the answer is out.
 */
export async function* bodyOf(request: Request, expected: Expected, counted: Counted): AsyncGenerator<Uint8Array> {
  const { announced, max } = expected
  if (announced !== null && announced <= WHOLE_BYTES_MAX) {
    const whole = new Uint8Array(await request.arrayBuffer().catch(incomplete))
    counted.bytes = whole.length
    check(whole.length, expected)
    yield whole
    return
  }
  const reader = request.body?.getReader()
  try {
    for (;;) {
      const step = await reader?.read().catch(incomplete)
      if (step === undefined || step.done) break
      counted.bytes += step.value.length
      if (counted.bytes > max) throw new BodyRefused({ _tag: 'TooLarge' })
      yield step.value
    }
    check(counted.bytes, expected)
  } finally {
    void discard(reader)
  }
}

/** All of a body of at most so many bytes. */
export const wholeBody = async (request: Request, bytesMax: number, counted: Counted): Promise<Bytes> => {
  const announced = announcedBytes(request.headers.get('content-length'))
  if (announced !== null && announced > bytesMax) throw new BodyRefused({ _tag: 'TooLarge' })
  const expected = { announced, min: 0, max: bytesMax }
  const pieces: Uint8Array[] = []
  for await (const piece of bodyOf(request, expected, counted)) pieces.push(piece)
  return joined(pieces)
}

/** From a `Content-Length` header. */
export const announcedBytes = (header: string | null | undefined): number | null =>
  /^\d+$/.test(header ?? '') ? Number(header) : null

/** Reads on without keeping anything, so that the connection serves the next request; the listener cuts one that takes too long. */
export const discard = async (reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> => {
  try {
    while (reader !== undefined && !(await reader.read()).done);
  } catch {
    // The client has gone.
  }
}

export const incomplete = (): never => {
  throw new BodyRefused({ _tag: 'Incomplete' })
}

const check = (bytes: number, { announced, min }: Expected) => {
  if (announced !== null && bytes !== announced) incomplete()
  if (bytes < min) throw new BodyRefused({ _tag: 'TooShort' })
}
