import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'

/** A count from outside: a whole number from zero up, else `Corrupt`. */
export const checkCount = (count: unknown): E.Either<Failure, number> =>
  isCount(count) ? E.right(count) : E.left(failure('Corrupt', 'The remote’s count is none.'))

/** Sizes are counts of bytes. */
export const isCount = (count: unknown): count is number => typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
