import { decryptSegments } from '../../src/cipher/segment-decrypt'
import { encryptSegments } from '../../src/cipher/segment-encrypt'
import type { SegmentEngine } from '../../src/cipher/segment-engine'
import { BLOB_FORMAT, headerBytes, saltIn, type Format } from '../../src/cipher/segments'
import { sourceOf } from '../../src/cipher/source'
import { streamingCipherWith } from '../../src/cipher/streaming'
import { concatenated, textBytes, type Bytes } from '../../src/model/bytes'
import { bytesPayload } from '../../src/model/payload'
import type { Case } from '../../src/testing/case'
import { bodyOf, collecting, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from '../../src/testing/expect'
import vectors from '../vectors/streaming.json'
import tink from '../vectors/tink.json'
import { keyIn, sealWith } from './streaming-ground'
import { fromHex, generated as fromCounter, sha256, toBase64, toHex } from './vectors'

/** The vectors of the streaming format, in any runtime. */
export const vectorCases = (engine: SegmentEngine): readonly Case[] => [
  ...vectors.positive.map((vector) => ({ name: `vector ${vector.name}`, run: () => positive(engine, vector) })),
  ...vectors.negative.map((vector) => ({
    name: `vector ${vector.name}, ${vector.why}, is refused`,
    run: () => negative(engine, vector),
  })),
  ...tink.vectors.map((vector, index) => ({ name: `Tink’s own vector ${index}`, run: () => ofTink(engine, vector) })),
]

type Positive = (typeof vectors.positive)[number]
type Negative = (typeof vectors.negative)[number]

const cipherOf = (engine: SegmentEngine, { secretHex, segmentBytes }: Positive | Negative) =>
  streamingCipherWith(engine, { ...BLOB_FORMAT, segmentBytes }, fromHex(secretHex))

const positive = async (engine: SegmentEngine, vector: Positive): Promise<void> => {
  const plaintext = await generated(vector.plaintext, vector.sizeBytes)
  expectEqual(await sha256(plaintext), vector.plaintextSha256, 'hash of the plaintext')
  const key = keyIn(vector.id, vector.namespace)
  const cipher = cipherOf(engine, vector)
  const seal = await sealWith(cipher, fromHex(`28${vector.saltHex}${vector.noncePrefixHex}`))

  const made = expectRight(await cipher.encrypt(key, seal, bytesPayload(plaintext))(), 'encrypt')
  const bytes = await wholeOf(made.body)
  if ('encryptedHex' in vector) expectEqual(toHex(bytes), vector.encryptedHex, 'the encrypted bytes')
  expectEqual(await sha256(bytes), vector.encryptedSha256, 'their hash')
  expectEqual(cipher.encryptedSize(vector.sizeBytes), vector.encryptedBytes, 'encryptedSize')
  const tag = expectRight(await made.tag(), 'tag')
  expectEqual(tag, toBase64(bytes.slice(-16)).replaceAll('+', '-').replaceAll('/', '_'), 'the tag')

  for (const pieceBytes of [bytes.length, 65_536, ...(vector.sizeBytes < 5000 ? [63, 64, 65, 17, 1] : [])]) {
    const sink = collecting()
    const done = await cipher.decrypt(key, bodyOf(pieces(bytes, pieceBytes)), tag, sink.take)()
    expectEqual(expectRight(done, `pieces of ${pieceBytes}`), { sizeBytes: vector.sizeBytes, tag, isExternal: false }, 'told')
    expectBytes(sink.bytes(), plaintext, `pieces of ${pieceBytes}`)
  }
}

const negative = async (engine: SegmentEngine, vector: Negative): Promise<void> => {
  const bytes = fromHex(vector.encryptedHex)
  expectEqual(await sha256(bytes), vector.encryptedSha256, 'their hash')
  const plaintext = await generated(vector.plaintext, vector.sizeBytes)
  for (const pieceBytes of [Math.max(1, bytes.length), 50]) {
    const sink = collecting()
    const body = bodyOf(pieces(bytes, pieceBytes))
    const outcome = await cipherOf(engine, vector).decrypt(keyIn(vector.id, vector.namespace), body, null, sink.take)()
    expectLeft(outcome, vector.why, bytes.length === 0 ? 'Unreachable' : 'Tampered')
    expectBytes(sink.bytes(), plaintext.subarray(0, sink.bytes().length), 'what was let through before')
  }
}

const hashes = { SHA1: 'SHA-1', SHA256: 'SHA-256', SHA512: 'SHA-512' } as const

/** With the key given and other parameters, so below the secret and the ids of a blob. */
const ofTink = async (engine: SegmentEngine, vector: (typeof tink.vectors)[number]): Promise<void> => {
  const format: Format = {
    hash: hashes[vector.hkdfHash as keyof typeof hashes],
    keyBytes: vector.derivedKeyBytes === 16 ? 16 : 32,
    segmentBytes: vector.segmentBytes,
  }
  const bytes = fromHex(vector.ciphertextHex)
  const header = bytes.slice(0, headerBytes(format))
  const info = fromHex(vector.associatedDataHex)
  const blobKeys = engine.blobKeys(format, fromHex(vector.keyHex))
  const key = await blobKeys(saltIn(header), info)
  const plaintext = fromHex(vector.plaintextHex)
  const made = await encryptSegments({ format, header, key }, 2, bytesPayload(plaintext))
  expectEqual(toHex(await wholeOf(expectRight(made, 'encrypt').body)), vector.ciphertextHex, 'the ciphertext')

  const decrypt = async (from: Bytes, associated: Bytes) => {
    const sink = collecting()
    const opening = { format, info: associated, mainKeys: [{ id: 'x', blobKeys }], claim: null, from: null, onVerified: () => {} }
    return { done: await decryptSegments(opening, sourceOf(bodyOf([from]), Infinity), sink.take), sink }
  }
  const { done, sink } = await decrypt(bytes, info)
  expectRight(done, 'decrypt')
  expectBytes(sink.bytes(), plaintext, 'the plaintext')
  expectLeft((await decrypt(bytes, concatenated(info, textBytes('.')))).done, 'other associated data', 'Tampered')
}

/** `sha256-counter:SEED`. */
const generated = (plaintext: string, lengthBytes: number): Promise<Bytes> => {
  const [name, ...seed] = plaintext.split(':')
  expectTrue(name === 'sha256-counter', `the generator ${name}`)
  return fromCounter(seed.join(':'), lengthBytes)
}
