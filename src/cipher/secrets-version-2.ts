import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'
import type { Bytes } from '../model/bytes'
import { base64Of } from './base64'
import { TAG_BYTES, webGcm } from './gcm'
import { decoded, onlyScrypt, parsed } from './secrets-decode'
import { corrupt, unsupported, wrongPassphrase, type SecretsFailure } from './secrets-failure'
import { IV_BYTES, SALT_BYTES, SECRET_BYTES, type SoledadSecrets } from './secrets-parts'

/** A file of version 2, before it is decrypted. */
export interface LockedVersion2 {
  readonly version: 2
  readonly salt: Bytes
  readonly iv: Bytes
  readonly ciphertext: Bytes
  readonly tag: Bytes
}

export const readVersion2 = (message: unknown): E.Either<SecretsFailure, LockedVersion2> =>
  pipe(
    decoded(File, message),
    E.flatMap(onlyScrypt),
    E.filterOrElse(
      ({ cipher }) => cipher === GCM_CIPHER,
      ({ cipher }) => unsupported(`The file’s cipher is number ${cipher}; only ${GCM_CIPHER}, AES-256-GCM, is known.`),
    ),
    E.filterOrElse(
      ({ length, secrets }) => secrets.length === length + TAG_BYTES,
      ({ length, secrets }) => corrupt(`“secrets” has ${secrets.length} bytes, which is not “length”, ${length}, and a tag.`),
    ),
    E.map(({ kdf_salt: salt, iv, secrets }) => ({
      version: 2,
      salt,
      iv,
      ciphertext: secrets.slice(0, -TAG_BYTES),
      tag: secrets.slice(-TAG_BYTES),
    })),
  )

/** AES-256-GCM: it opens with the right key and unchanged, or not at all. */
export const openVersion2 = async (
  { iv, ciphertext, tag }: LockedVersion2,
  key: Bytes,
): Promise<E.Either<SecretsFailure, SoledadSecrets>> => {
  const opener = webGcm(crypto.subtle).opener(key, iv, new Uint8Array(0))
  opener.update(ciphertext)
  return pipe(
    await opener.finish(tag),
    E.fromOption(wrongPassphrase),
    E.flatMap((plaintext) => parsed(new TextDecoder().decode(plaintext), 'What the file encrypts')),
    E.flatMap((message) => decoded(Plaintext, message)),
    E.map(({ remote_secret: remoteSecret, local_salt: localSalt, local_secret: localSecret }) => ({
      remoteSecret,
      localSalt,
      localSecret,
      isVerified: true,
    })),
  )
}

/** 1 would be AES-256-CTR, which takes a forged file for a good one; Soledad never wrote it in this version. */
const GCM_CIPHER = 2

const File = t.readonly(
  t.type({
    kdf: t.string,
    kdf_salt: base64Of(SALT_BYTES),
    kdf_length: t.number,
    cipher: t.number,
    length: t.number,
    iv: base64Of(IV_BYTES),
    secrets: base64Of(null),
  }),
)

const Plaintext = t.readonly(
  t.type({
    remote_secret: base64Of(SECRET_BYTES.remoteSecret),
    local_salt: base64Of(SECRET_BYTES.localSalt),
    local_secret: base64Of(SECRET_BYTES.localSecret),
  }),
)
