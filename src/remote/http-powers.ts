import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { serverError, type Failure } from '../model/failure'
import { ServerInfo } from '../model/wire'
import type { HttpCalls } from './http-calls'
import { noPowers, type CallOptions, type Remote, type Supports } from './remote'
import { untilAborted } from './unless-aborted'

const INFO_BYTES_MAX = 65_536

/**
 * Asks a server what it can do. Every server of Soledad’s API has flags. Batches go by streams, which an original Soledad has too, but
 * overwrites, drops and never ends: only the header `Blob-Streams: atomic` says that they can be trusted. Uploads
 * go in parts where the header `Blob-Uploads: tus` says so, and downloads where `Blob-Ranges: bytes` does; `Blob-Changes: feed` says that there is a feed.
 */
export const httpPowers = (calls: HttpCalls, root: string): Remote['supports'] =>
  rememberingRight((signal) =>
    pipe(
      calls.open({ method: 'GET', url: root, asked: 'GET /', isAnonymous: true, signal }),
      // No token went along, so this says nothing of the token.
      TE.mapLeft((reason) =>
        reason._tag === 'Unauthorized' ? serverError('GET /: the server shows nobody what it can do.', 404) : reason,
      ),
      TE.flatMap((answer) =>
        pipe(
          calls.read(answer, { what: 'What the server says of itself', codec: ServerInfo, bytesMax: INFO_BYTES_MAX }),
          TE.filterOrElse(
            ({ blobs }) => blobs,
            () => serverError('GET /: the server says that it keeps no blobs.', 200),
          ),
          TE.map(() => ({
            ...noPowers,
            flags: true,
            changes: answer.headers.get('Blob-Changes') === 'feed',
            ranges: answer.headers.get('Blob-Ranges') === 'bytes',
            batches: answer.headers.get('Blob-Streams') === 'atomic',
            resumableUploads: answer.headers.get('Blob-Uploads') === 'tus',
          })),
        ),
      ),
    ),
  )

/** Goes on only where the server has said that it has a power, so that nothing of it is ever sent to one that has not. */
export const whereThereIs = (
  supports: Remote['supports'],
  power: keyof Supports,
  signal: AbortSignal | undefined,
): TE.TaskEither<Failure, Supports> =>
  pipe(
    supports(signal === undefined ? {} : { signal }),
    TE.filterOrElse(
      (all) => all[power],
      () => serverError(`The server does not say that it has ${power}.`, 501),
    ),
  )

/** Asks until there is a right, and then no more. Those who ask at the same time share one question, which ends when all of them leave. */
const rememberingRight = <A>(ask: (signal: AbortSignal) => TE.TaskEither<Failure, A>) => {
  let known: E.Either<Failure, A> | null = null
  let question: Question<A> | null = null

  const begin = (): Question<A> => {
    const controller = new AbortController()
    const begun: Question<A> = { answer: ask(controller.signal)(), controller, askers: 0 }
    void begun.answer.then((outcome) => {
      if (E.isRight(outcome)) known = outcome
      end(begun)
    })
    return begun
  }

  /** Whoever comes after this asks anew. */
  const end = (asked: Question<A>) => {
    if (question === asked) question = null
  }

  const join = async (signal: AbortSignal | undefined) => {
    const asked = (question ??= begin())
    asked.askers += 1
    const leave = () => {
      asked.askers -= 1
      if (asked.askers > 0) return
      end(asked)
      asked.controller.abort()
    }
    signal?.addEventListener('abort', leave, { once: true })
    const outcome = await asked.answer
    signal?.removeEventListener('abort', leave)
    return outcome
  }

  return ({ signal }: CallOptions = {}): TE.TaskEither<Failure, A> => untilAborted(signal, async () => known ?? join(signal))
}

interface Question<A> {
  readonly answer: Promise<E.Either<Failure, A>>
  readonly controller: AbortController
  askers: number
}
