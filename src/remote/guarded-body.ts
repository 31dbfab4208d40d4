import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import { CarriedFailure } from '../model/carried-failure'
import { givesAway, pulled } from '../model/streams'
import type { Watchdog } from './watchdog'

export interface BodyLimits {
  /** How long a read may wait for a byte. */
  readonly stallMs: number
  /** Exactly so many bytes; null if the server did not say. */
  readonly sizeBytes: number | null
  /** At most so many bytes where the server did not say. */
  readonly bytesMax: number
}

/**
 * The bytes of an answer, fetched as they are read, so that no timer runs while nobody reads. Errors with a `CarriedFailure`:
 * `Unreachable` when it stalls, is cut or ends early, `TooLarge` beyond the limit, `Aborted`.
 */
export const guardedBody = (
  source: ReadableStream<Uint8Array<ArrayBuffer>>,
  watchdog: Watchdog,
  { stallMs, sizeBytes, bytesMax }: BodyLimits,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const isGiven = givesAway(source)
  const reader = source.getReader()
  let taken = 0
  const end = () => {
    watchdog.signal.removeEventListener('abort', dropSource)
    watchdog.release()
  }
  const dropSource = () => {
    end()
    // Whatever is wrong with the source has been told, or nobody wants to know any more.
    reader.cancel().catch(() => {})
  }
  watchdog.signal.addEventListener('abort', dropSource, { once: true })

  const judge = (outcome: E.Either<Failure, ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>) => {
    if (E.isLeft(outcome)) return outcome
    taken += outcome.right.value?.length ?? 0
    if (outcome.right.done && sizeBytes !== null && taken < sizeBytes) {
      return E.left(failure('Unreachable', `The body ended after ${taken} of ${sizeBytes} bytes.`))
    }
    if (sizeBytes !== null && taken > sizeBytes) {
      return E.left(failure('Unreachable', `The body goes on after the ${sizeBytes} bytes that were announced.`))
    }
    return sizeBytes === null && taken > bytesMax
      ? E.left(failure('TooLarge', `The body has more than ${bytesMax} bytes.`))
      : outcome
  }

  return pulled({
    givesAway: isGiven,
    next: async () => {
      for (;;) {
        const outcome = judge(await watchdog.watch(stallMs, `No byte came for ${stallMs} ms.`, () => reader.read()))
        if (E.isLeft(outcome)) {
          dropSource()
          throw new CarriedFailure(outcome.left)
        }
        if (outcome.right.done) {
          end()
          return null
        }
        if (outcome.right.value.length > 0) return outcome.right.value
      }
    },
    cancel: dropSource,
  })
}
