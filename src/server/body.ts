import { BodyRefused } from './backend'

/** A tag's worth: a shorter blob could never be read, since the answer bears its tag. */
const BLOB_BYTES_MIN = 16

/** Bodies up to this size are read in one go, which costs a server far less than a stream. */
const WHOLE_BYTES_MAX = 128 * 1024

export interface Counted {
  /** Bytes so far. */
  bytes: number
}

/**
 * The body of a request, checked against what was announced and what is allowed. It is not cancelled when its reader stops early:
 * that would cut the connection before the answer is out.
 */
export async function* bodyOf(request: Request, sizeBytes: number | null, bytesMax: number, counted: Counted) {
  if (sizeBytes !== null && sizeBytes <= WHOLE_BYTES_MAX) {
    const whole = new Uint8Array(await request.arrayBuffer().catch(incomplete))
    counted.bytes = whole.length
    check(whole.length, sizeBytes)
    yield whole
    return
  }
  const reader = request.body?.getReader()
  for (;;) {
    const step = await reader?.read().catch(incomplete)
    if (step === undefined || step.done) break
    counted.bytes += step.value.length
    if (counted.bytes > bytesMax) throw new BodyRefused('TooLarge')
    yield step.value
  }
  check(counted.bytes, sizeBytes)
}

const check = (bytes: number, sizeBytes: number | null) => {
  if (sizeBytes !== null && bytes !== sizeBytes) throw new BodyRefused('Incomplete')
  if (bytes < BLOB_BYTES_MIN) throw new BodyRefused('TooShort')
}

/** The stream, telling at its end, whichever it is, how many bytes went through. */
export const countedBody = (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: (bytes: number) => void,
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
          ended(bytes)
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

const incomplete = (): never => {
  throw new BodyRefused('Incomplete')
}
