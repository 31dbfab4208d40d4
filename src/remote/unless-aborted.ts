import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'

/** A call that is over at once, unless its signal has fired. */
export const unlessAborted =
  <A>(signal: AbortSignal | undefined, call: () => E.Either<Failure, A>) =>
  async (): Promise<E.Either<Failure, A>> =>
    signal?.aborted === true ? E.left(failure('Aborted', 'The call was aborted.')) : call()
