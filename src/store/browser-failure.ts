import * as E from 'fp-ts/Either'
import { getOrElse, isSome } from 'fp-ts/Option'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'

/**
 * What an error of the browser's storage means for a store.
 *
 * @param what What was being done, as the beginning of a sentence: “Storing a/b”.
 */
export const browserFailure = (what: string, error: unknown): Failure =>
  getOrElse(() => failureNamed(what, nameOf(error), error))(failureCarriedBy(error))

/** Runs what may throw errors of the browser, and turns them into failures. */
export const attempt = async <A>(
  what: string,
  run: () => E.Either<Failure, A> | Promise<E.Either<Failure, A>>,
): Promise<E.Either<Failure, A>> => {
  try {
    return await run()
  } catch (error) {
    return E.left(browserFailure(what, error))
  }
}

/** The name of a DOMException tells what happened; its text differs from browser to browser. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

/** Whether the database could not be opened, rather than that one request of several failed. */
export const isAboutAll = (error: unknown): boolean => isSome(failureCarriedBy(error))

const failureNamed = (what: string, name: string, error: unknown): Failure => {
  if (name === 'QuotaExceededError')
    return failure(
      'StorageFull',
      `${what} failed: no room is left for this site. Make room on the device or delete blobs, then go on.`,
    )
  const text = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  return failure('StorageBroken', `${what} failed: ${text || name}. ${UNAVAILABLE.includes(name) ? ALLOW : AGAIN}`)
}

/** What browsers answer when a page may keep no data; the last one in a private window. */
const UNAVAILABLE = ['SecurityError', 'ReferenceError', 'InvalidStateError']

const ALLOW = 'The browser keeps no data for this page: allow it to, or leave the private window or the sandboxed frame.'
const AGAIN = 'Try again; if it stays so, close the other tabs of this site and reload.'
