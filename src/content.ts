import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from './model/failure'
import { blobPayload, bytesPayload, type Payload } from './model/payload'
import type { Content } from './options'

/**
 * What is put, as a payload. Bytes are copied, so that the caller may reuse the buffer; a stream is read to its end.
 *
 * @returns `Corrupt` if it is nothing that can be put; `StorageBroken` if the stream failed.
 */
export const payloadOf = (content: Content): TE.TaskEither<Failure, Payload> => {
  if (content instanceof Blob) return TE.right(blobPayload(content))
  if (content instanceof ArrayBuffer) return TE.right(bytesPayload(new Uint8Array(content.slice())))
  if (content instanceof Uint8Array) return TE.right(bytesPayload(new Uint8Array(content)))
  if (content instanceof ReadableStream || Symbol.asyncIterator in content) {
    return TE.tryCatch(
      async () => blobPayload(await gather(content)),
      (error) =>
        failure('StorageBroken', `The stream to be put failed: ${error instanceof Error ? error.message : String(error)}`),
    )
  }
  return TE.left(failure('Corrupt', 'Only bytes, a Blob, a File or a stream of bytes can be put.'))
}

const gather = async (content: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Blob> => {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const chunk of content instanceof ReadableStream ? chunksOf(content) : content) parts.push(new Uint8Array(chunk))
  return new Blob(parts)
}

/** Safari's streams are no iterables. */
const chunksOf = async function* (stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value
  } finally {
    // A stream that failed says so again here, and nobody waits for it.
    reader.cancel().catch(() => {})
  }
}
