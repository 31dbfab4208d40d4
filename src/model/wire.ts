import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { failure, type Failure } from './failure'
import { BlobId, type BlobKey } from './ids'

/** What a remote lists of one blob. Soledad lists ids alone: then size and tag are null. */
export interface Entry {
  readonly id: BlobId
  /** Encrypted bytes. */
  readonly sizeBytes: number | null
  readonly tag: string | null
}

/** A blob that the remote lists, as it is shown to whoever decides whether it is fetched. */
export interface ListedBlob extends BlobKey {
  /** Encrypted bytes; null where the remote's list does not tell. */
  readonly sizeBytes: number | null
}

/** The list of a namespace: an array of ids. Ids are checked one by one, so that one bad id does not spoil the list. */
export const IdList = t.readonlyArray(t.unknown)

/** The media type that asks for, and marks, an answer for each blob of a stream. */
export const EACH_TYPE = 'application/vnd.blobsync.each'

/** What an uploaded stream is answered so: for each blob null once it is durable, or the status and text that it alone would have had. */
export const EachStored = t.readonlyArray(t.union([t.null, t.readonly(t.type({ status: t.number, text: t.string }))]))

/** In a downloaded stream, what stands in the place of a blob that is not there: no size and no tag. */
export const NO_FRAME = `${'-'.repeat(32)} `

/** How far an incoming blob has come. */
export const Flag = t.keyof({ PENDING: null, PROCESSING: null, PROCESSED: null, FAILED: null }, 'Flag')
export type Flag = t.TypeOf<typeof Flag>

export const Count = t.readonly(t.type({ count: t.number }))
export const ServerInfo = t.intersection([t.readonly(t.type({ blobs: t.boolean })), t.readonly(t.partial({ version: t.string }))])
export const FlagList = t.readonlyArray(Flag)

/** Pages of a feed. What has changed is checked item by item. */
export const ChangesAnswer = t.readonlyArray(
  t.union([
    t.readonly(t.type({ expired: t.literal(true) })),
    t.readonly(t.type({ changes: IdList, cursor: t.string, more: t.boolean })),
  ]),
)
export type ChangesAnswer = t.TypeOf<typeof ChangesAnswer>

const digest = { blobs: t.number, digest: t.string }
export const DigestAnswer = t.readonly(
  t.intersection([
    t.type({ ...digest, cursor: t.string }),
    t.partial({ parts: t.readonlyArray(t.type(digest)), entries: IdList }),
  ]),
)
export type DigestAnswer = t.TypeOf<typeof DigestAnswer>

/** A tag is 16 bytes as padded base64url: 22 characters and `==`, with the unused bits of the last one zero. */
export const Tag = new t.Type<string, string, unknown>(
  'Tag',
  (u): u is string => typeof u === 'string' && canonicalTag.test(u),
  (u, context) => (typeof u === 'string' && canonicalTag.test(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)
const canonicalTag = /^[A-Za-z0-9_-]{21}[AQgw]==$/

/** Decodes a message from outside, or fails as `Corrupt` naming what it was. */
export const decode = <A>(codec: t.Decoder<unknown, A>, what: string, message: unknown): E.Either<Failure, A> =>
  E.mapLeft(() => failure('Corrupt', `${what} is not of the form that it should have.`))(codec.decode(message))

/** Splits listed ids into good ones and a failure for each bad one. */
export const checkIds = (ids: readonly unknown[]): { readonly good: readonly BlobId[]; readonly bad: readonly Failure[] } => {
  const good: BlobId[] = []
  const bad: Failure[] = []
  for (const id of ids) {
    if (BlobId.is(id)) good.push(id)
    else bad.push(failure('Corrupt', `The remote lists an id that is none: ${JSON.stringify(id).slice(0, 80)}`))
  }
  return { good, bad }
}
