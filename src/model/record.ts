import * as t from 'io-ts'
import { Failure } from './failure'
import { BlobId, Namespace } from './ids'

export const Status = t.keyof({
  SYNCED: null,
  PENDING_UPLOAD: null,
  PENDING_DOWNLOAD: null,
  FAILED_DOWNLOAD: null,
  PENDING_DELETE: null,
})
export type Status = t.TypeOf<typeof Status>

/** Why a pending blob is kept out of the queue. `corrupt`: its record or payload on this device is damaged. */
export const HeldReason = t.keyof({
  localOnly: null,
  onDemand: null,
  paused: null,
  conflict: null,
  tooLarge: null,
  forbidden: null,
  corrupt: null,
})
export type HeldReason = t.TypeOf<typeof HeldReason>

export const Priority = t.keyof({ low: null, medium: null, high: null, urgent: null })
export type Priority = t.TypeOf<typeof Priority>

/** Priorities as numbers, the most pressing highest. */
export const rankOf: Readonly<Record<Priority, number>> = { low: 1, medium: 2, high: 3, urgent: 4 }

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])

/** An upload in parts, under way on the remote. */
const Sending = t.readonly(
  t.type({
    /** What the remote calls it. */
    session: t.string,
    /** Encrypted bytes that were known to have arrived when the record was written: the remote knows better. */
    sentBytes: t.number,
  }),
)

/** A download of which the beginning is kept in staging. */
const Receiving = t.readonly(
  t.type({
    /** As far as it was verified and is durable. */
    checkpoint: t.readonly(t.type({ seal: t.string, encryptedBytes: t.number, plaintextBytes: t.number })),
    /** Encrypted bytes of the blob, as the remote said them; null: it did not. */
    sizeBytes: optional(t.number),
    /** What the remote claimed the tag to be, unchecked. */
    tag: optional(t.string),
  }),
)

/** A field that came later: the records from before lack it, and mean this. */
const added = <A>(codec: t.Type<A>, meant: A): t.Type<A, A, unknown> =>
  new t.Type(
    codec.name,
    codec.is,
    (value, context) => (value === undefined ? t.success(meant) : codec.validate(value, context)),
    t.identity,
  )

/**
 * What the store remembers of one blob. Plain JSON: times are milliseconds since 1970, sizes bytes of plaintext,
 * the tag is padded base64url of 16 bytes.
 */
export const BlobRecord = t.readonly(
  t.type({
    version: t.literal(1),
    namespace: Namespace,
    id: BlobId,
    status: Status,
    held: optional(HeldReason),
    priority: Priority,
    /** Plaintext bytes; null until known. */
    sizeBytes: optional(t.number),
    /** Encrypted bytes on the remote, where its list told; null: nobody knows. */
    listedBytes: optional(t.number),
    /** Whether the store holds the payload. */
    isHere: t.boolean,
    /** What the cipher chose for this put, so that every attempt sends the same ciphertext; null for a blob that came from the remote. */
    seal: optional(t.string),
    /** The tag of the encrypted bytes on the remote, once it took or gave them. */
    tag: optional(t.string),
    /** True for a blob that someone else encrypted (Soledad's scheme 2): delivered as it is, verified by nobody. */
    isExternal: t.boolean,
    /** True from just before the first PUT is sent. */
    uploadWasTried: t.boolean,
    /** Attempts of the transfer under way; 0 before the first. */
    attempts: t.number,
    /** No attempt before this time; null: at once. */
    dueAtMs: optional(t.number),
    failure: optional(Failure),
    /** When a list first lacked a blob that was SYNCED; a second look decides. */
    missingSinceMs: optional(t.number),
    /** For PENDING_DELETE: when the remote said it is gone. The mark rests until a later list agrees. */
    erasedAtMs: optional(t.number),
    /** When a tombstone moved the blob to the trash; null: not in the trash. */
    trashedAtMs: optional(t.number),
    /** Never evicted, and fetched whatever is fetched on demand only. */
    isPinned: added(t.boolean, false),
    /** When the app last got it, to the hour; null: not known. */
    usedAtMs: added<number | null>(optional(t.number), null),
    /** The session of an upload that is not through. */
    upload: added<t.TypeOf<typeof Sending> | null>(optional(Sending), null),
    /** How far a download came that is not through. */
    download: added<t.TypeOf<typeof Receiving> | null>(optional(Receiving), null),
    /** When the record last changed. */
    changedAtMs: t.number,
  }),
)
export type BlobRecord = t.TypeOf<typeof BlobRecord>

/** A record with everything unsaid at its beginning. */
export const newRecord = (
  given: Pick<BlobRecord, 'namespace' | 'id' | 'status' | 'changedAtMs'> & Partial<BlobRecord>,
): BlobRecord => ({
  version: 1,
  held: null,
  priority: 'medium',
  sizeBytes: null,
  listedBytes: null,
  isHere: false,
  seal: null,
  tag: null,
  isExternal: false,
  uploadWasTried: false,
  attempts: 0,
  dueAtMs: null,
  failure: null,
  missingSinceMs: null,
  erasedAtMs: null,
  trashedAtMs: null,
  isPinned: false,
  usedAtMs: null,
  upload: null,
  download: null,
  ...given,
})

/** Whether the blob has work: it wants a slot now or once its due time has come. */
export const isActive = (record: BlobRecord): boolean =>
  record.trashedAtMs === null &&
  record.held === null &&
  (record.status === 'PENDING_UPLOAD' ||
    record.status === 'PENDING_DOWNLOAD' ||
    (record.status === 'PENDING_DELETE' && record.erasedAtMs === null))

/** Whether the blob is where it belongs, as most of a collection are: nothing need be known of it until it is asked for. */
export const restsHere = ({ status, held, isHere, trashedAtMs }: BlobRecord): boolean =>
  status === 'SYNCED' && held === null && isHere && trashedAtMs === null

/** Whether both say the same, to the letter. */
export const isSame = (a: BlobRecord | undefined, b: BlobRecord | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b))

/**
 * Whether the payload may be given up here: whole, verified, ours, and held by the remote as far as is known. Pinned blobs never may, nor what
 * someone else encrypted, whose tag proves nothing.
 */
export const mayBeEvicted = (record: BlobRecord): boolean =>
  record.status === 'SYNCED' &&
  record.isHere &&
  record.tag !== null &&
  !record.isPinned &&
  !record.isExternal &&
  record.trashedAtMs === null &&
  record.missingSinceMs === null

/** Blobs up to this size share requests where the remote takes batches: alone, the request would cost more than the bytes. */
export const SMALL_BYTES_MAX = 64 * 1024

/** The most blobs of one batch, however many may live at once: they are held in memory. */
export const BATCH_BLOBS_MAX = 120

/**
 * The least part of an upload, and what all parts but the last are a multiple of: a segment of the streaming cipher, so that none is encrypted
 * twice.
 */
export const PART_BYTES_MIN = 1024 * 1024

/** Whether the blob travels in parts, where it can. */
export const isBig = ({ listedBytes, sizeBytes }: BlobRecord): boolean => (listedBytes ?? sizeBytes ?? 0) > PART_BYTES_MIN

/** Who goes first, the most pressing highest: of the same priority, a big blob goes when no other waits. */
export const standingOf = (record: BlobRecord): number => rankOf[record.priority] + (isBig(record) ? 0 : 0.5)

/**
 * Whether the blob may share a request with others: small, its first attempt, so that the remote is not expected to hold what is uploaded,
 * and nobody waits for it.
 */
export const mayBatch = ({ status, listedBytes, sizeBytes, attempts, priority }: BlobRecord): boolean =>
  (status === 'PENDING_UPLOAD' || status === 'PENDING_DOWNLOAD') &&
  attempts === 0 &&
  priority !== 'urgent' &&
  (listedBytes ?? sizeBytes ?? Infinity) <= SMALL_BYTES_MAX
