import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { failure, type Failure } from '../model/failure'
import { base64urlBytes, decodeBase64url } from './base64url'
import { textBytes, type Bytes } from '../model/bytes'

/** What stands before the ciphertext: who encrypted what, when and how. All of it is authenticated. */
export interface Preamble {
  readonly scheme: number
  readonly method: number
  readonly iv: Bytes
  readonly id: string
  readonly revision: string
  /** The decoded bytes as they came, padding included: the associated data of the ciphertext. */
  readonly bytes: Bytes
}

export const IV_BYTES = 16
/** A preamble as text, always 736 characters. */
export const PREAMBLE_CHARACTERS = 736
/** The first of them: base64 begins so of 0x13 0x37. */
export const FIRST_BYTE = 0x45
/** The space that ends it. */
export const SEPARATOR = 0x20
/** Scheme 1: a symmetric key; scheme 2: someone else encrypted it, in a way of their own. */
export const SYMMETRIC_SCHEME = 1
export const EXTERNAL_SCHEME = 2
export const GCM_METHOD = 2
export const REVISION = 'ImmutableRevision'

/** What a preamble says of the bytes behind it. */
interface Form {
  readonly scheme: number
  readonly method: number
  readonly revision: string
}

const BLOB_FORM: Form = { scheme: SYMMETRIC_SCHEME, method: GCM_METHOD, revision: REVISION }

/** Of what a server takes from someone else, as PGP. */
export const EXTERNAL_FORM: Form = { scheme: EXTERNAL_SCHEME, method: 3, revision: '0' }

const PREAMBLE_BYTES = 552
/** Written before 0.10: no size, nor the padding before it. */
const LEGACY_BYTES = 542

const MAGIC = 0x1337
const at = { magic: 0, scheme: 2, method: 3, time: 8, iv: 16, id: 32, revision: 287, size: 544 }
const PASCAL_BYTES = 255

const SIZE_FIELD_MIN = 4096
const SIZE_FIELD_MAX = 2 ** 30

/** The plaintext's size as the preamble tells it: the next power of two above, at least 4096; `none` from 1 GiB on. */
export const sizeField = (plaintextBytes: number): O.Option<number> =>
  plaintextBytes < SIZE_FIELD_MAX ? O.some(Math.max(SIZE_FIELD_MIN, 2 ** (32 - Math.clz32(plaintextBytes)))) : O.none

/** The 552 bytes of a preamble. @param given.form by default that of an encrypted blob. */
export const writePreamble = (given: {
  readonly form?: Form
  readonly id: string
  readonly iv: Bytes
  readonly seconds: number
  readonly sizeField: number
}): Bytes => {
  const { scheme, method, revision } = given.form ?? BLOB_FORM
  const bytes = new Uint8Array(PREAMBLE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint16(at.magic, MAGIC)
  view.setInt8(at.scheme, scheme)
  view.setInt8(at.method, method)
  view.setBigUint64(at.time, BigInt(given.seconds), true)
  bytes.set(given.iv, at.iv)
  writePascal(bytes, at.id, given.id)
  writePascal(bytes, at.revision, revision)
  view.setBigUint64(at.size, BigInt(given.sizeField), true)
  return bytes
}

/** A preamble as it stands in the blob, ASCII. */
export const preambleText = (bytes: Bytes): Bytes => base64urlBytes(bytes, true)

/** Reads what stands before the separator; `Tampered` unless it is strict base64url of a whole preamble, today's or legacy. */
export const readPreamble = (text: Uint8Array): E.Either<Failure, Preamble> =>
  pipe(
    decodeBase64url(text, true),
    O.filter(({ length }) => length === PREAMBLE_BYTES || length === LEGACY_BYTES),
    O.chain((bytes) => {
      const view = new DataView(bytes.buffer)
      const id = readPascal(bytes, at.id)
      const revision = readPascal(bytes, at.revision)
      if (view.getUint16(at.magic) !== MAGIC || O.isNone(id) || O.isNone(revision)) return O.none
      return O.some({
        scheme: view.getInt8(at.scheme),
        method: view.getInt8(at.method),
        iv: bytes.slice(at.iv, at.iv + IV_BYTES),
        id: id.value,
        revision: revision.value,
        bytes,
      })
    }),
    E.fromOption(() => failure('Tampered', 'What the remote holds does not begin as a Soledad blob does.')),
  )

// A Pascal string: its length, the bytes, zeros up to the end of the field.
const writePascal = (bytes: Bytes, offset: number, text: string): void => {
  const characters = textBytes(text)
  bytes[offset] = characters.length
  bytes.set(characters, offset + 1)
}

const readPascal = (bytes: Bytes, offset: number): O.Option<string> => {
  const length = bytes[offset] ?? PASCAL_BYTES
  if (length >= PASCAL_BYTES) return O.none
  return O.some(String.fromCharCode(...bytes.subarray(offset + 1, offset + 1 + length)))
}
