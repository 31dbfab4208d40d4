import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { release, type Bytes } from './bytes'
import { failureCarriedBy } from './carried-failure'
import { failure, type Failure } from './failure'

/** The content of one blob on this device. It never changes; it is read whole or in parts, as often as one likes. */
export interface Payload {
  readonly sizeBytes: number

  /** Whether bytes that are read are the reader's, since each read makes them anew. @default false: they may be the payload's own, and nobody changes them */
  readonly givesAway?: boolean

  /**
   * The bytes from one position up to another, which is left out; all of them by default. `Corrupt` if what lies behind is gone or has changed, `StorageBroken` if it cannot be read.
   */
  readonly read: (from?: number, to?: number) => TE.TaskEither<Failure, Bytes>

  /** As a `Blob`, which an app can show, slice and send. It may read lazily, and then lasts as long as what lies behind. */
  readonly blob: () => TE.TaskEither<Failure, Blob>
}

/** Bytes in memory, which now are the payload's: nobody changes them. */
export const bytesPayload = (bytes: Bytes): Payload => ({
  sizeBytes: bytes.length,
  read: (from = 0, to = bytes.length) => TE.right(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)),
  blob: () => TE.fromIO(() => new Blob([bytes])),
})

/** A `Blob` or `File`, which is read when it is asked for. */
export const blobPayload = (blob: Blob): Payload => ({
  sizeBytes: blob.size,
  givesAway: true,
  read:
    (from = 0, to = blob.size) =>
    async () => {
      try {
        const part = from === 0 && to === blob.size ? blob : blob.slice(from, to)
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
    },
  blob: () => TE.right(blob),
})

/** Gives back the memory of bytes that were read of a payload and have been used, where they are the reader's. */
export const giveBack = ({ givesAway }: Payload, bytes: Bytes): void => {
  if (givesAway === true) release(bytes)
}

const unreadable = (error: unknown): Failure => {
  const name = error instanceof Error ? error.name : ''
  if (name === 'RangeError') return failure('TooLarge', 'The payload does not fit into the memory of this device.')
  // A file behind a Blob that was removed, or that changed since the Blob was made.
  if (name === 'NotFoundError' || name === 'NotReadableError') return failure('Corrupt', 'The payload is gone or has changed.')
  return failure('StorageBroken', `The payload cannot be read: ${String(error)}`)
}
