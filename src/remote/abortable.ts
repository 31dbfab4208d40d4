import { failure } from '../model/failure'
import { CarriedFailure } from '../model/carried-failure'

/** The same bytes; a signal that fires errors them, also while a part is awaited. */
export const abortable = (
  source: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
  onProgress?: (bytes: number) => void,
): ReadableStream<Uint8Array> => {
  const reader = source.getReader()
  let passed = 0
  let stop: () => void = () => {}
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const abort = () => {
          controller.error(new CarriedFailure(failure('Aborted', 'The call was aborted.')))
          reader.cancel().catch(() => {})
        }
        stop = () => signal?.removeEventListener('abort', abort)
        if (signal?.aborted === true) abort()
        else signal?.addEventListener('abort', abort, { once: true })
      },
      pull: async (controller) => {
        try {
          const part = await reader.read()
          if (signal?.aborted === true) return
          if (part.done) {
            stop()
            return controller.close()
          }
          controller.enqueue(part.value)
          passed += part.value.length
          onProgress?.(passed)
        } catch (thrown) {
          stop()
          controller.error(thrown)
        }
      },
      cancel: (reason) => {
        stop()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
