import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import { concatenated, joined, textBytes, type Bytes } from '../../src/model/bytes'
import { webGcm, type GcmEngine } from '../../src/cipher/gcm'
import { nodeGcm } from '../../src/cipher/gcm-node'
import type { BlobKey, BlobId, Namespace } from '../../src/model/ids'
import blobsJson from '../vectors/blobs.json'
import contentIdsJson from '../vectors/content-id.json'

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

const read = <A>(codec: t.Decoder<unknown, A>, file: string, json: unknown): A => {
  const decoded = codec.decode(json)
  if (E.isLeft(decoded))
    throw new Error(`${file} is not what these tests know: ${JSON.stringify(decoded.left[0]?.context.map(({ key }) => key))}`)
  return decoded.right
}

export const blobs = read(Vectors, 'blobs.json', blobsJson)
export const contentIds = read(ContentIds, 'content-id.json', contentIdsJson).vectors
export type Positive = t.TypeOf<typeof Positive>
export type Decoding = t.TypeOf<typeof Decoding>
export type Streamed = t.TypeOf<typeof Streamed>
export type StreamDownload = t.TypeOf<typeof StreamDownload>

export const fromHex = (hex: string): Bytes => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
export const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))

export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const hashOf = async (bytes: Uint8Array) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))

export const sha256 = async (bytes: Uint8Array): Promise<string> => toHex(await hashOf(bytes))

const made = new Map<string, Promise<Bytes>>()

/** The vectors' generator: SHA-256 of the seed and a counter, block by block. Made once for all who ask: nobody changes it. */
export const generated = (seed: string, lengthBytes: number): Promise<Bytes> => {
  const name = `${lengthBytes} ${seed}`
  const bytes = made.get(name) ?? generate(textBytes(seed), lengthBytes)
  made.set(name, bytes)
  return bytes
}

const generate = async (seed: Bytes, lengthBytes: number) => {
  const blocks = Array.from({ length: Math.ceil(lengthBytes / 32) }, (_, index) => {
    const counter = new DataView(new ArrayBuffer(4))
    counter.setUint32(0, index)
    return hashOf(concatenated(seed, new Uint8Array(counter.buffer)))
  })
  return joined(await Promise.all(blocks)).slice(0, lengthBytes)
}

export const plaintextOf = async ({ plaintextHex, plaintextGenerator }: Positive): Promise<Bytes> =>
  plaintextHex !== undefined ? fromHex(plaintextHex) : generated(plaintextGenerator?.seed ?? '', plaintextGenerator?.length ?? 0)

/** A key as a caller without types could give it: some vectors hold ids that no key may have. */
export const keyFor = (id: string): BlobKey => ({ namespace: 'default' as Namespace, id: id as BlobId })

export const isBrowser = 'document' in globalThis

/** Those that run here: Node must have both, a browser has one. */
export const engines: readonly (readonly [string, GcmEngine])[] = [
  ...(isBrowser ? [] : [['node:crypto', O.getOrElseW(missing)(nodeGcm())] as const]),
  ['WebCrypto', webGcm(crypto.subtle)],
]

function missing(): never {
  throw new Error('this Node has no node:crypto')
}
