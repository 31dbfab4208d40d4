import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { reasonOf } from './reason-of'
import type { CallOptions } from './remote'
import { untilAborted } from './unless-aborted'

/** A call of an object that speaks Promises; it ends when its signal fires, whether the object heeds it or not. */
export const lift = <A>({ signal }: CallOptions, call: () => Promise<A>): TE.TaskEither<Failure, A> =>
  untilAborted(
    signal,
    TE.tryCatch(async () => call(), thrownFailure),
  )

/** The failure that was thrown; `Unreachable` if anything else was. */
export const thrownFailure = (thrown: unknown): Failure =>
  pipe(
    failureCarriedBy(thrown),
    O.getOrElse((): Failure => failure('Unreachable', `The remote failed: ${reasonOf(thrown)}`)),
  )
