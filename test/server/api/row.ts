import { createHash } from 'node:crypto'
import { preambleText, writePreamble } from '../../../src/cipher/preamble'
import type { Sent } from '../exchange'
import { bytes } from '../serving'

/** One request and what must come back. */
export interface Row extends Sent {
  readonly name: string
  /** Requests before it, which must succeed. */
  readonly before?: readonly Sent[]
  readonly status: number
  /** null: must not be there. */
  readonly has?: Readonly<Record<string, string | RegExp | null>>
  readonly text?: string
  readonly json?: unknown
  readonly bytes?: Uint8Array
  /** The sizes of the HTTP chunks. */
  readonly cut?: readonly number[]
  /** What a request after it answers. */
  readonly after?: readonly (Sent & Pick<Row, 'status' | 'text' | 'json' | 'bytes' | 'has'>)[]
}

/** The blobs that every table begins with, in the order in which they were put. */
export const seeds: readonly (readonly [path: string, body: Uint8Array<ArrayBuffer>])[] = [
  ['c', bytes(100, 3)],
  ['a', bytes(16, 1)],
  ['b', bytes(200_000, 2)],
  ['m?namespace=mail', bytes(50, 4)],
]
export const [SEED_C, SEED_A, SEED_B, SEED_M] = seeds.map(([, body]) => body) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]

/** The server's limits in the tables. */
export const QUOTA_BYTES = 1_000_000
export const BLOB_BYTES_MAX = 300_000

export const tagOf = (blob: Uint8Array): string => `${Buffer.from(blob.slice(-16)).toString('base64url')}==`

export const framesOf = (...blobs: readonly Uint8Array[]): Buffer =>
  Buffer.concat(blobs.flatMap((blob) => [Buffer.from(`${blob.length.toString(16).padStart(8, '0')}${tagOf(blob)} `), blob]))

/** A body for an upload of a stream. */
export const parcel = (...blobs: readonly (readonly [id: string, blob: Uint8Array])[]): Buffer =>
  Buffer.concat([
    Buffer.from(`${JSON.stringify(blobs.map(([id, blob]) => [id, blob.length]))}\n`),
    ...blobs.map(([, blob]) => blob),
  ])

/** Bytes that begin with a preamble naming the id, as encrypted blobs do. */
export const preambled = (id: string, contentBytes: number, scheme = 1): Buffer => {
  const preamble = writePreamble({
    form: { scheme, method: scheme === 1 ? 2 : 3, revision: scheme === 1 ? 'ImmutableRevision' : '0' },
    id,
    iv: new Uint8Array(createHash('md5').update(id).digest()),
    seconds: 1_511_395_977,
    sizeField: 4096,
  })
  return Buffer.concat([preambleText(preamble), Buffer.from(' '), bytes(contentBytes + 16)])
}
