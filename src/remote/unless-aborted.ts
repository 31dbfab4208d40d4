import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'

const aborted = failure('Aborted', 'The call was aborted.')

/** A call that is over at once, unless its signal has fired. */
export const unlessAborted =
  <A>(signal: AbortSignal | undefined, call: () => E.Either<Failure, A>): TaskEither<Failure, A> =>
  async () =>
    signal?.aborted === true ? E.left(aborted) : call()

/** A call that is not waited for any longer once its signal has fired, whether it heeds the signal or not. */
export const untilAborted =
  <A>(signal: AbortSignal | undefined, call: TaskEither<Failure, A>): TaskEither<Failure, A> =>
  () =>
    new Promise((resolve, reject) => {
      const abort = () => resolve(E.left(aborted))
      if (signal?.aborted === true) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      call()
        .then(resolve, reject)
        .finally(() => signal?.removeEventListener('abort', abort))
    })
