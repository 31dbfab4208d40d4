import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Decoder } from 'io-ts'
import { failure, type Failure } from '../model/failure'
import { decode } from '../model/wire'
import { guardedBody } from './guarded-body'
import { exchangeOver, finish, type Answer, type Line, type Request } from './http-exchange'
import { readWhole } from './read-whole'

/** The kinds of calls that a server is sent. */
export interface HttpCalls {
  /** Whose answer has a body to take. */
  readonly open: (request: Request) => TE.TaskEither<Failure, Answer>
  /** Reads an answer that says nothing more to its end. */
  readonly drop: (answer: Answer) => TE.TaskEither<Failure, void>
  /** Whose good answer says all in its headers. */
  readonly headersOf: (request: Request) => TE.TaskEither<Failure, Headers>
  /** Whose good answer says nothing. */
  readonly send: (request: Request) => TE.TaskEither<Failure, void>
  /** Whose answer is a message; `Corrupt` if it is none. */
  readonly ask: <A>(request: Request, expected: Expected<A>) => TE.TaskEither<Failure, A>
  readonly read: <A>(answer: Answer, expected: Expected<A>) => TE.TaskEither<Failure, A>
  /** The guarded body of an answer, of so many bytes if the server said it. */
  readonly bodyOf: (answer: Answer, sizeBytes: number | null, bytesMax: number) => ReadableStream<Uint8Array<ArrayBuffer>>
}

export interface Expected<A> {
  /** The message in words, as in `The remote’s list`. */
  readonly what: string
  readonly codec: Decoder<unknown, A>
  readonly bytesMax: number
}

export const callsOver = (line: Line): HttpCalls => {
  const exchange = exchangeOver(line)
  const { stallMs } = line

  const open: HttpCalls['open'] = (request) => () => exchange(request)

  const drop: HttpCalls['drop'] = (answer) => async () => {
    await finish(answer, stallMs)
    return E.right(undefined)
  }

  const headersOf: HttpCalls['headersOf'] = (request) =>
    pipe(
      open(request),
      TE.tap(drop),
      TE.map(({ headers }) => headers),
    )

  const bodyOf: HttpCalls['bodyOf'] = ({ body, watchdog }, sizeBytes, bytesMax) =>
    guardedBody(body ?? emptyBody(), watchdog, { stallMs, sizeBytes, bytesMax })

  const read: HttpCalls['read'] = (answer, { what, codec, bytesMax }) =>
    pipe(
      () => readWhole(bodyOf(answer, null, bytesMax), 'Unreachable'),
      TE.flatMapEither((bytes) => parsed(bytes, what)),
      TE.flatMapEither((message) => decode(codec, what, message)),
    )

  return {
    open,
    drop,
    bodyOf,
    read,
    headersOf,
    send: (request) =>
      pipe(
        headersOf(request),
        TE.map(() => undefined),
      ),
    ask: (request, expected) =>
      pipe(
        open(request),
        TE.flatMap((answer) => read(answer, expected)),
      ),
  }
}

/** How long the answer to an upload of so many bytes may take, in milliseconds. */
export type UploadTimeout = (sizeBytes: number) => number

const parsed = (bytes: Uint8Array, what: string): E.Either<Failure, unknown> =>
  E.tryCatch(
    () => JSON.parse(new TextDecoder().decode(bytes)),
    () => failure('Corrupt', `${what} is no JSON.`),
  )

const emptyBody = (): ReadableStream<Uint8Array<ArrayBuffer>> => new ReadableStream({ start: (controller) => controller.close() })
