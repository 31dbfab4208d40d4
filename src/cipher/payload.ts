import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import type { Bytes } from './bytes'

/** How much of a payload is read at a time. */
export const SLICE_BYTES = 256 * 1024

/**
 * Reads part of a payload, all of it by default.
 *
 * @returns `Corrupt` if the file behind it is gone or has changed, `StorageBroken` if it cannot be read, or the failure that reading it carried.
 */
export const readPayload = async (payload: Blob, from = 0, to = payload.size): Promise<E.Either<Failure, Bytes>> => {
  try {
    const part = from === 0 && to === payload.size ? payload : payload.slice(from, to)
    const bytes = new Uint8Array(await part.arrayBuffer())
    return bytes.length === to - from
      ? E.right(bytes)
      : E.left(failure('Corrupt', 'The payload is shorter than it was said to be.'))
  } catch (error) {
    return E.left(
      pipe(
        failureCarriedBy(error),
        O.getOrElse(() => unreadable(error)),
      ),
    )
  }
}

const unreadable = (error: unknown): Failure => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'RangeError') return failure('TooLarge', 'The payload does not fit into the memory of this device.')
  // A file behind a Blob that was removed, or that changed since the Blob was made.
  if (name === 'NotFoundError' || name === 'NotReadableError') return failure('Corrupt', 'The payload is gone or has changed.')
  return failure('StorageBroken', `The payload cannot be read: ${String(error)}`)
}
