import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { failure, type Failure } from './failure'

/** The longest id that is created here; a server's files need room for a suffix. */
export const CREATED_ID_CHARACTERS_MAX = 240

/** The longest id that is read: the preamble's Pascal string holds no more. */
export const READ_ID_CHARACTERS_MAX = 254

const legal = new RegExp(`^[A-Za-z0-9_-]{1,${READ_ID_CHARACTERS_MAX}}$(?!\\n)`)

export interface BlobIdBrand {
  readonly BlobId: unique symbol
}
export interface NamespaceBrand {
  readonly Namespace: unique symbol
}

/** `[A-Za-z0-9_-]`, 1 to 254 characters, case sensitive. Every id is checked, whoever sent it: ids become parts of paths and queries. */
export const BlobId = t.brand(t.string, (s): s is t.Branded<string, BlobIdBrand> => legal.test(s), 'BlobId')
export type BlobId = t.TypeOf<typeof BlobId>

/** The name of a set of blobs that sync together; the same characters as an id. */
export const Namespace = t.brand(t.string, (s): s is t.Branded<string, NamespaceBrand> => legal.test(s), 'Namespace')
export type Namespace = t.TypeOf<typeof Namespace>

/** Which blob: an id is unique within its namespace only. */
export interface BlobKey {
  readonly namespace: Namespace
  readonly id: BlobId
}

/** A key as text, `namespace/id`; neither part can hold a slash. */
export const keyText = ({ namespace, id }: BlobKey): string => `${namespace}/${id}`

/**
 * A key from what an app or a person gave; an absent or empty namespace is `default`.
 *
 * @returns `Corrupt` with the rule in its message.
 */
export const blobKey = (id: string, namespace?: string): E.Either<Failure, BlobKey> => {
  const name = namespace === undefined || namespace === '' ? 'default' : namespace
  if (!Namespace.is(name)) return E.left(failure('Corrupt', `“${name}” is no namespace: ${rule(READ_ID_CHARACTERS_MAX)}`))
  if (!BlobId.is(id)) return E.left(failure('Corrupt', `“${id}” is no blob id: ${rule(READ_ID_CHARACTERS_MAX)}`))
  return E.right({ namespace: name, id })
}

/** As `blobKey`, for a blob that is about to be created: at most 240 characters. */
export const newBlobKey = (id: string, namespace?: string): E.Either<Failure, BlobKey> =>
  id.length > CREATED_ID_CHARACTERS_MAX
    ? E.left(failure('TooLarge', `A new blob id has ${rule(CREATED_ID_CHARACTERS_MAX)}`))
    : blobKey(id, namespace)

const rule = (charactersMax: number) => `1 to ${charactersMax} characters of A–Z, a–z, 0–9, “_” and “-”.`
