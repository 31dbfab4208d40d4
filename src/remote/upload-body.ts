import { failure, type Failure } from '../model/failure'
import { bodyFailureOf } from './read-whole'
import { CarriedFailure } from '../model/carried-failure'
import type { Upload } from './remote'

export interface UploadBody {
  readonly content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  /** Why the source of the bytes failed; null if it did not. */
  readonly sourceFailure: () => Failure | null
  /** Lets go of a source that was not read to its end. */
  readonly drop: () => void
}

/** What is sent of an upload: counts a stream as it is pulled, and fails one that has not exactly the bytes announced. */
export const uploadBody = ({ body, sizeBytes, onProgress }: Upload): UploadBody => {
  if (body instanceof Uint8Array) {
    const wrong = body.length === sizeBytes ? null : sizeFailure(body.length, sizeBytes)
    return { content: body, sourceFailure: () => wrong, drop: () => {} }
  }
  const reader = body.getReader()
  let sent = 0
  let wrong: Failure | null = null
  const drop = () => {
    reader.cancel().catch(() => {})
  }
  const take = async (): Promise<ReadableStreamReadResult<Uint8Array>> => {
    try {
      return await reader.read()
    } catch (thrown) {
      throw new CarriedFailure(bodyFailureOf(thrown, 'Corrupt'))
    }
  }
  const fail = (why: Failure) => {
    wrong = why
    drop()
    return new CarriedFailure(why)
  }
  const content = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const part = await take()
          sent += part.value?.length ?? 0
          if (part.done ? sent < sizeBytes : sent > sizeBytes) return controller.error(fail(sizeFailure(sent, sizeBytes)))
          if (part.done) return controller.close()
          controller.enqueue(part.value)
          onProgress?.(sent)
        } catch (thrown) {
          controller.error(fail(bodyFailureOf(thrown, 'Corrupt')))
        }
      },
      cancel: drop,
    },
    { highWaterMark: 0 },
  )
  return { content, sourceFailure: () => wrong, drop }
}

const sizeFailure = (actualBytes: number, sizeBytes: number) =>
  failure('Corrupt', `The upload has ${actualBytes} bytes so far, and ${sizeBytes} were announced.`)
