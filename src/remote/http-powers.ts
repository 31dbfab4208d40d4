import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { serverError, type Failure } from '../model/failure'
import { ServerInfo } from '../model/wire'
import type { HttpCalls } from './http-calls'
import { noPowers, type Supports } from './remote'

const INFO_BYTES_MAX = 65_536

/**
 * Asks a server what it can do. Every server of Soledad’s API has flags. Batches go by streams, which an original Soledad has too, but
 * overwrites, drops and never ends: only the header `Blob-Streams: atomic` says that they can be trusted.
 */
export const httpPowers = (calls: HttpCalls, root: string): TE.TaskEither<Failure, Supports> =>
  rememberingRight(
    pipe(
      calls.open({ method: 'GET', url: root, asked: 'GET /', isAnonymous: true }),
      TE.flatMap((answer) =>
        pipe(
          calls.read(answer, { what: 'What the server says of itself', codec: ServerInfo, bytesMax: INFO_BYTES_MAX }),
          TE.filterOrElse(
            ({ blobs }) => blobs,
            () => serverError('GET /: the server says that it keeps no blobs.', 200),
          ),
          TE.map(() => ({ ...noPowers, flags: true, batches: answer.headers.get('Blob-Streams') === 'atomic' })),
        ),
      ),
    ),
  )

/** Asks until there is a right, and then no more. Those who ask at the same time share one question. */
const rememberingRight = <A>(ask: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> => {
  let answer: Promise<E.Either<Failure, A>> | null = null
  const askAnew = async () => {
    const outcome = await ask()
    if (E.isLeft(outcome)) answer = null
    return outcome
  }
  return () => (answer ??= askAnew())
}
