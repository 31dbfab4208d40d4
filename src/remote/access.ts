import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { reasonOf } from './reason-of'

/** The app's token: fixed, or asked for when it is needed. */
export type TokenSource = string | (() => Promise<string>)

export interface Access {
  /** The `Authorization` header; asks the app the first time. */
  readonly header: () => Promise<E.Either<Failure, string>>
  /** Asks the app again; calls at the same time share one question. `Unauthorized` if there is nobody to ask, or no answer. */
  readonly refresh: () => Promise<E.Either<Failure, void>>
}

/** Soledad's scheme: `Token`, then base64 of `user:token`. */
export const tokenAccess = (user: string, token: TokenSource): Access => {
  const headerOf = (text: string) => `Token ${base64(new TextEncoder().encode(`${user}:${text}`))}`
  if (typeof token === 'string') {
    const fixed = E.right(headerOf(token))
    return {
      header: () => Promise.resolve(fixed),
      refresh: () => Promise.resolve(E.left(failure('Unauthorized', 'The token is fixed, there is no other.'))),
    }
  }
  let known: E.Either<Failure, string> | null = null
  let question: Promise<E.Either<Failure, string>> | null = null
  const ask = async (): Promise<E.Either<Failure, string>> => {
    try {
      known = E.right(headerOf(await token()))
      return known
    } catch (thrown) {
      return E.left(refusalOf(thrown))
    }
  }
  const answer = () =>
    (question ??= ask().finally(() => {
      question = null
    }))
  return {
    header: async () => (question === null && known !== null ? known : answer()),
    refresh: async () =>
      pipe(
        await answer(),
        E.map(() => undefined),
      ),
  }
}

const refusalOf = (thrown: unknown): Failure =>
  pipe(
    failureCarriedBy(thrown),
    O.getOrElse((): Failure => failure('Unauthorized', `The app gave no token: ${reasonOf(thrown)}`)),
  )

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
