import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { textBytes } from '../model/bytes'
import { nodeScrypt } from './scrypt-node'
import { decoded, parsed, shown } from './secrets-decode'
import { corrupt, unsupported, type SecretsFailure } from './secrets-failure'
import type { SoledadSecrets } from './secrets-parts'
import { openVersion1, readVersion1, type LockedVersion1 } from './secrets-version-1'
import { openVersion2, readVersion2, type LockedVersion2 } from './secrets-version-2'

export type { SecretsFailure } from './secrets-failure'
export type { SoledadSecrets } from './secrets-parts'

/**
 * Opens the file in which Soledad keeps an account's secrets, of version 1 or 2. Runs in Node only: WebCrypto has no scrypt.
 *
 * Version 2 is authenticated: `WrongPassphrase` if its tag does not verify, so a damaged salt, iv or ciphertext looks like a wrong
 * passphrase too. Version 1 is not, and has nothing but its sizes to go by. Soledad named its entries after the SHA-256 of
 * the secrets, though: under such a name they are verified or `WrongPassphrase`; under any other whatever passphrase opens them, with
 * `isVerified` false. Of several entries the active one is taken, or else the first.
 *
 * `Corrupt` with the field that is wrong for a damaged or foreign file, `Unsupported` for an unknown version, key derivation or
 * cipher; both before any key is derived. What deriving it costs is fixed: no file can ask for more.
 *
 * @param json The file's text.
 * @param passphrase Taken as it is, in UTF-8.
 */
export const openSoledadSecrets = (json: string, passphrase: string): TE.TaskEither<SecretsFailure, SoledadSecrets> =>
  pipe(
    TE.Do,
    TE.bind('locked', () => TE.fromEither(read(json))),
    TE.bind('scrypt', () => TE.fromOption(needsNode)(nodeScrypt())),
    TE.bind('key', ({ locked, scrypt }) => TE.fromTask(() => scrypt(textBytes(passphrase), locked.salt))),
    TE.flatMap(
      ({ locked, key }) =>
        () =>
          locked.version === 1 ? openVersion1(locked, key) : openVersion2(locked, key),
    ),
  )

/** A file has some 2 kB; each further entry of version 1 adds as much. */
const FILE_CHARACTERS_MAX = 1024 * 1024

const read = (json: string): E.Either<SecretsFailure, LockedVersion1 | LockedVersion2> =>
  pipe(
    json.length <= FILE_CHARACTERS_MAX ? E.right(json) : E.left(corrupt('The file is far longer than any secrets file.')),
    E.flatMap((text) => parsed(text, 'The file')),
    E.bindTo('message'),
    E.bind('versioned', ({ message }) => decoded(Versioned, message)),
    E.flatMap(({ message, versioned: { version } }): E.Either<SecretsFailure, LockedVersion1 | LockedVersion2> => {
      if (version === 2) return readVersion2(message)
      // The oldest files tell no version.
      if (version === 1 || version === undefined) return readVersion1(message)
      return E.left(unsupported(`The file is of version ${shown(version)}; versions 1 and 2 are known.`))
    }),
  )

const Versioned = t.readonly(t.partial({ version: t.unknown }))

const needsNode = (): SecretsFailure =>
  unsupported('Soledad’s secrets are locked with scrypt, which this runtime does not have: open them in Node, 22.3 or newer.')
