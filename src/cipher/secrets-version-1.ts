import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'
import type { Bytes } from '../model/bytes'
import { base64Of } from './base64'
import { decoded, onlyScrypt, shown } from './secrets-decode'
import { corrupt, unsupported, wrongPassphrase, type SecretsFailure } from './secrets-failure'
import { IV_BYTES, SALT_BYTES, SECRET_BYTES, type SoledadSecrets } from './secrets-parts'

/** One entry of a file of version 1, before it is decrypted. */
export interface LockedVersion1 {
  readonly version: 1
  /** Under which the file keeps the entry. */
  readonly name: string
  readonly salt: Bytes
  readonly iv: Bytes
  readonly ciphertext: Bytes
}

/** Takes the active entry, or else the first. */
export const readVersion1 = (message: unknown): E.Either<SecretsFailure, LockedVersion1> =>
  pipe(
    decoded(File, message),
    E.flatMap(({ storage_secrets, active_secret }) => {
      const entries = Object.entries(storage_secrets)
      const [name, entry] = entries.find(([each]) => each === active_secret) ?? entries[0] ?? []
      return name === undefined ? E.left(corrupt('“storage_secrets” is empty.')) : readEntry(name, entry)
    }),
  )

/** AES-256-CTR, which takes any key; the entry's name alone may tell whether it was the right one. */
export const openVersion1 = async (
  { name, iv, ciphertext }: LockedVersion1,
  key: Bytes,
): Promise<E.Either<SecretsFailure, SoledadSecrets>> => {
  const { subtle } = crypto
  const imported = await subtle.importKey('raw', key, 'AES-CTR', false, ['decrypt'])
  const plaintext = new Uint8Array(await subtle.decrypt({ name: 'AES-CTR', counter: iv, length: 128 }, imported, ciphertext))
  const hash = hexOf(new Uint8Array(await subtle.digest('SHA-256', plaintext)))
  if (isHash(name) && name !== hash) return E.left(wrongPassphrase())
  return E.right({
    remoteSecret: plaintext.slice(0, SALT_AT),
    localSalt: plaintext.slice(SALT_AT, LOCAL_AT),
    localSecret: plaintext.slice(LOCAL_AT),
    isVerified: name === hash,
  })
}

const SALT_AT = SECRET_BYTES.remoteSecret
const LOCAL_AT = SALT_AT + SECRET_BYTES.localSalt
const PLAINTEXT_BYTES = LOCAL_AT + SECRET_BYTES.localSecret

const File = t.readonly(
  t.intersection([
    t.type({ storage_secrets: t.record(t.string, t.unknown, 'an object') }),
    t.partial({ active_secret: t.unknown }),
  ]),
)

const Entry = t.readonly(
  t.type({
    kdf: t.string,
    kdf_salt: base64Of(SALT_BYTES),
    kdf_length: t.number,
    cipher: t.string,
    length: t.number,
    secret: t.string,
  }),
)

const Secret = t.readonly(t.type({ iv: base64Of(IV_BYTES), ciphertext: base64Of(PLAINTEXT_BYTES) }))

const readEntry = (name: string, entry: unknown): E.Either<SecretsFailure, LockedVersion1> =>
  pipe(
    decoded(Entry, entry),
    E.flatMap(onlyScrypt),
    E.filterOrElse(
      ({ cipher }) => cipher === 'aes256',
      ({ cipher }) => unsupported(`The file’s cipher is ${shown(cipher)}; only "aes256" is known.`),
    ),
    E.filterOrElse(
      ({ length }) => length === PLAINTEXT_BYTES,
      ({ length }) => corrupt(`“length” is ${length}; the secrets have ${PLAINTEXT_BYTES} bytes.`),
    ),
    E.flatMap(({ kdf_salt: salt, secret }) => {
      const [iv, ciphertext, ...more] = secret.split(':')
      if (more.length > 0) return E.left(corrupt('“secret” has more than two parts.'))
      return pipe(
        decoded(Secret, { iv, ciphertext }),
        E.map((parts): LockedVersion1 => ({ version: 1, name, salt, ...parts })),
      )
    }),
  )

const isHash = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
