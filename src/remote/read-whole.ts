import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { joined } from '../model/bytes'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { reasonOf } from './reason-of'

/** All bytes of a stream. What the stream errors with counts as the failure that it carries, else as `otherwise`. */
export const readWhole = async (
  body: ReadableStream<Uint8Array>,
  otherwise: 'Unreachable' | 'Corrupt',
): Promise<E.Either<Failure, Uint8Array<ArrayBuffer>>> => {
  const parts: Uint8Array[] = []
  const reader = body.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
  } catch (thrown) {
    return E.left(bodyFailureOf(thrown, otherwise))
  }
  return E.right(joined(parts))
}

/** Why a body errored. */
export const bodyFailureOf = (thrown: unknown, otherwise: 'Unreachable' | 'Corrupt'): Failure =>
  pipe(
    failureCarriedBy(thrown),
    O.getOrElse((): Failure => failure(otherwise, `The body could not be read: ${reasonOf(thrown)}`)),
  )
