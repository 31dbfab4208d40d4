import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Encrypted } from '../cipher/cipher'
import type { Bytes } from '../model/bytes'
import { failureCarriedBy } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'

/** Encrypted bytes that are to be in memory as a whole. */
export const wholeOf = (body: Encrypted['body']): TE.TaskEither<Failure, Bytes> =>
  body instanceof Uint8Array
    ? TE.right(body)
    : TE.tryCatch(
        async () => new Uint8Array(await new Response(body).arrayBuffer()),
        (thrown) =>
          pipe(
            failureCarriedBy(thrown),
            O.getOrElse((): Failure => failure('StorageBroken', 'The payload could not be read to its end.')),
          ),
      )
