import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as t from 'io-ts'
import { SCRYPT_KEY_BYTES } from './scrypt-node'
import { corrupt, unsupported, type SecretsFailure } from './secrets-failure'

/** JSON, or `Corrupt`. */
export const parsed = (json: string, what: string): E.Either<SecretsFailure, unknown> =>
  E.tryCatch(
    () => JSON.parse(json),
    () => corrupt(`${what} is no JSON.`),
  )

/** What the codec makes of a message, or `Corrupt` with the first field that is wrong. */
export const decoded = <A>(codec: t.Decoder<unknown, A>, message: unknown): E.Either<SecretsFailure, A> =>
  pipe(codec.decode(message), E.mapLeft(firstWrong))

/** How a file says that its key is made. */
export interface Kdf {
  readonly kdf: string
  readonly kdf_length: number
}

/** Refuses any other key derivation than the one that Soledad uses. */
export const onlyScrypt = <A extends Kdf>(file: A): E.Either<SecretsFailure, A> =>
  file.kdf === 'scrypt' && file.kdf_length === SCRYPT_KEY_BYTES
    ? E.right(file)
    : E.left(
        unsupported(
          `The key is made by ${shown(file.kdf)} with ${file.kdf_length} bytes; only "scrypt" with ${SCRYPT_KEY_BYTES} bytes is known.`,
        ),
      )

/** A value of the file in a message. */
export const shown = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, SHOWN_CHARACTERS_MAX)

const SHOWN_CHARACTERS_MAX = 40

const firstWrong = ([error]: t.Errors): SecretsFailure => {
  const keys = error?.context.map(({ key }) => key) ?? []
  // The first key is the message itself, and the parts of an intersection are numbers.
  const path = keys.filter((key) => !/^\d*$/.test(key)).join('.')
  const form = error?.context.at(-1)?.type.name ?? ''
  return corrupt(path === '' ? 'The file is no secrets file of Soledad.' : `“${path}” is missing or not ${form}.`)
}
