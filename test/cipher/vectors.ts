import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import type { Bytes } from '../../src/model/bytes'
import { webGcm, type GcmEngine } from '../../src/cipher/gcm'
import { nodeGcm } from '../../src/cipher/gcm-node'
import type { BlobKey, BlobId, Namespace } from '../../src/model/ids'

const Positive = t.intersection([
  t.type({
    name: t.string,
    secretHex: t.string,
    blobId: t.string,
    ivHex: t.string,
    preambleTime: t.number,
    contentSize: t.number,
    keyHex: t.string,
    plaintextSha256: t.string,
    plaintextLength: t.number,
    preambleBase64: t.string,
    encryptedLength: t.number,
    encryptedSha256: t.string,
    tagBase64: t.string,
  }),
  t.partial({
    plaintextHex: t.string,
    plaintextGenerator: t.type({ seed: t.string, length: t.number }),
    encryptedBase64: t.string,
  }),
])
const Decoding = t.intersection([
  t.type({
    name: t.string,
    expect: t.keyof({ accept: null, either: null, external: null, reject: null, incomplete: null }),
    secretHex: t.string,
    blobId: t.string,
    payloadBase64: t.string,
    tagHeader: t.string,
  }),
  t.partial({ plaintextHex: t.string }),
])
const Streamed = t.type({
  name: t.string,
  secretHex: t.string,
  ids: t.array(t.string),
  plaintextSha256: t.array(t.string),
  plaintextLengths: t.array(t.number),
  ivHex: t.array(t.string),
  preambleTime: t.number,
  wireBase64: t.union([t.string, t.null]),
  wireSha256: t.string,
})
const StreamDownload = t.intersection([
  Streamed,
  t.type({ expect: t.keyof({ accept: null, either: null, reject: null }), chunkSizes: t.array(t.number) }),
])
const Vectors = t.type({
  positive: t.array(Positive),
  decodeOnly: t.array(Decoding),
  negative: t.array(Decoding),
  sizeRounding: t.array(t.tuple([t.number, t.union([t.number, t.null])])),
  stream: t.type({ download: t.array(StreamDownload), upload: t.array(Streamed) }),
})
const ContentIds = t.type({
  vectors: t.array(
    t.type({
      name: t.string,
      secretHex: t.string,
      namespace: t.string,
      contentSeed: t.string,
      contentBytes: t.number,
      id: t.string,
    }),
  ),
})

const read = <A>(codec: t.Decoder<unknown, A>, file: string): A => {
  const decoded = codec.decode(JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')))
  if (E.isLeft(decoded))
    throw new Error(`${file} is not what these tests know: ${JSON.stringify(decoded.left[0]?.context.map(({ key }) => key))}`)
  return decoded.right
}

export const blobs = read(Vectors, 'blobs.json')
export const contentIds = read(ContentIds, 'content-id.json').vectors
export type Positive = t.TypeOf<typeof Positive>
export type Decoding = t.TypeOf<typeof Decoding>
export type Streamed = t.TypeOf<typeof Streamed>
export type StreamDownload = t.TypeOf<typeof StreamDownload>

export const fromHex = (hex: string): Bytes => new Uint8Array(Buffer.from(hex, 'hex'))
export const fromBase64 = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'base64'))
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The vectors' generator: SHA-256 of the seed and a counter, block by block. */
export const generated = (seed: string, lengthBytes: number): Bytes => {
  const bytes = new Uint8Array(Math.ceil(lengthBytes / 32) * 32)
  for (let index = 0; index * 32 < lengthBytes; index++) {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(index)
    bytes.set(createHash('sha256').update(seed).update(counter).digest(), index * 32)
  }
  return bytes.slice(0, lengthBytes)
}

export const plaintextOf = ({ plaintextHex, plaintextGenerator }: Positive): Bytes =>
  plaintextHex !== undefined ? fromHex(plaintextHex) : generated(plaintextGenerator?.seed ?? '', plaintextGenerator?.length ?? 0)

/** A key as a caller without types could give it: some vectors hold ids that no key may have. */
export const keyFor = (id: string): BlobKey => ({ namespace: 'default' as Namespace, id: id as BlobId })

export const engines: readonly (readonly [string, GcmEngine])[] = [
  [
    'node:crypto',
    O.getOrElseW(() => {
      throw new Error('this Node has no node:crypto')
    })(nodeGcm()),
  ],
  ['WebCrypto', webGcm(crypto.subtle)],
]
