import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as t from 'io-ts'

/** JSON that is of the form wanted as it stands, read strictly: UTF-8, no byte order mark. */
export const parsed = <A>(codec: t.Type<A, unknown>, bytes: Uint8Array): E.Either<'other', A> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(utf8.decode(bytes)),
      () => 'other' as const,
    ),
    // A decoder would drop what is too much in a tuple.
    E.filterOrElse(codec.is, () => 'other' as const),
  )

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
