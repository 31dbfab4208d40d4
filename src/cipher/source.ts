import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { givesAway } from '../model/streams'

/** A body read piece by piece, of limited length, that tells what went wrong as data. */
export interface Source {
  /** Whether the pieces are nobody else's. */
  readonly givesAway: boolean
  /** `none` after the last piece. */
  readonly next: () => Promise<E.Either<Failure, O.Option<Uint8Array>>>
  /** Lets the body go; harmless after its end. */
  readonly cancel: () => void
}

/** @param tooLong Why more than `bytesMax` are not read. @default `Tampered`: nothing that long was ever encrypted */
export const sourceOf = (body: ReadableStream<Uint8Array>, bytesMax: number, tooLong: Failure = longerThanAny): Source => {
  const isGiven = givesAway(body)
  const reader = body.getReader()
  let readBytes = 0
  return {
    givesAway: isGiven,
    next: async () => {
      try {
        const { done, value } = await reader.read()
        if (done) return E.right(O.none)
        readBytes += value.length
        return readBytes <= bytesMax ? E.right(O.some(value)) : E.left(tooLong)
      } catch (error) {
        return E.left(
          pipe(
            failureCarriedBy(error),
            O.getOrElse(() => cut(error)),
          ),
        )
      }
    },
    // A body that already failed says so again here, and nobody waits for it.
    cancel: () => void reader.cancel().catch(() => {}),
  }
}

const longerThanAny = failure('Tampered', 'What the remote sends is longer than any blob.')

const cut = (error: unknown): Failure => failure('Unreachable', `The transfer was cut: ${String(error)}`)
