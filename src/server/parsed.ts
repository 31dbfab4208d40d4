import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as t from 'io-ts'

/** JSON of the form that is wanted, read strictly: UTF-8, no byte order mark. */
export const parsed = <A>(codec: t.Decoder<unknown, A>, bytes: Uint8Array): E.Either<unknown, A> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(utf8.decode(bytes)),
      (error) => error,
    ),
    E.flatMap((message): E.Either<unknown, A> => codec.decode(message)),
  )

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
