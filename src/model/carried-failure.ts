import * as O from 'fp-ts/Option'
import { Failure } from './failure'

/** How a stream says what went wrong: it can only error with a thrown value, so the value carries the failure. */
export class CarriedFailure extends Error {
  override readonly name = 'CarriedFailure'
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The failure that a thrown value carries in its field `failure`, whatever its class; `none` if it carries none. */
export const failureCarriedBy = (thrown: unknown): O.Option<Failure> =>
  typeof thrown === 'object' && thrown !== null && 'failure' in thrown ? O.fromEither(Failure.decode(thrown.failure)) : O.none
