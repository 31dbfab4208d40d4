import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { describe, expect, test } from 'vitest'
import { macOf } from '../../src/cipher/keys'
import { textBytes } from '../../src/model/bytes'
import { bytesPayload } from '../../src/model/payload'
import { preambleText, sizeField, writePreamble } from '../../src/cipher/preamble'
import { sealText } from '../../src/cipher/seal'
import { soledadCipherWith } from '../../src/cipher/soledad'
import { encryptBlob } from '../../src/cipher/soledad-encrypt'
import { bodyOf, collecting, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectBytes, expectLeft, expectRight } from '../../src/testing/expect'
import {
  blobs,
  contentIds,
  engines,
  fromBase64,
  fromHex,
  generated,
  keyFor,
  plaintextOf,
  sha256,
  type Decoding,
  type Positive,
} from './vectors'

const sealOf = ({ ivHex, preambleTime }: Positive) => ({ iv: fromHex(ivHex), seconds: preambleTime })

describe.each(engines)('the Soledad cipher by %s', (_, engine) => {
  const cipherFor = ({ secretHex }: { readonly secretHex: string }) => soledadCipherWith(engine, fromHex(secretHex))

  /** Past the limit for new ids, which one of the vectors exceeds. */
  const encryptAnyId = async (vector: Positive) =>
    encryptBlob(
      engine,
      { key: fromHex(vector.keyHex), id: vector.blobId, seal: sealOf(vector), sizeField: vector.contentSize },
      bytesPayload(await plaintextOf(vector)),
    )

  const encrypt = async (vector: Positive) =>
    vector.blobId.length > 240
      ? encryptAnyId(vector)
      : cipherFor(vector).encrypt(keyFor(vector.blobId), sealText(sealOf(vector)), bytesPayload(await plaintextOf(vector)))()

  for (const vector of blobs.positive) {
    test(`${vector.name}: the key is that of the vector`, async () => {
      const secret = fromHex(vector.secretHex)
      expectBytes(await macOf(engine.mac(secret.slice(64)), textBytes(vector.blobId)), fromHex(vector.keyHex), 'key')
    })

    test(`${vector.name}: encrypts to the same bytes`, async () => {
      expect(await sha256(await plaintextOf(vector))).toBe(vector.plaintextSha256)
      const made = expectRight(await encrypt(vector), 'encrypt')
      const bytes = await wholeOf(made.body)
      if (vector.encryptedBase64 !== undefined) expectBytes(bytes, fromBase64(vector.encryptedBase64), 'encrypted')
      expect(await sha256(bytes)).toBe(vector.encryptedSha256)
      expect(made.sizeBytes).toBe(vector.encryptedLength)
      expect(await made.tag()).toEqual(E.right(vector.tagBase64))
      expect(cipherFor(vector).encryptedSize(vector.plaintextLength)).toBe(vector.encryptedLength)
    })

    const pieceSizes = [Number.MAX_SAFE_INTEGER, 65_536, 1021, 737, ...(vector.plaintextLength < 5000 ? [17, 16, 15, 1] : [])]
    for (const pieceBytes of pieceSizes) {
      test(`${vector.name}: decrypts ${pieceBytes > 1e9 ? 'whole' : `in pieces of ${pieceBytes}`}`, async () => {
        const bytes = await wholeOf(expectRight(await encrypt(vector), 'encrypt').body)
        const sink = collecting()
        const body = bodyOf(pieces(bytes, Math.min(pieceBytes, bytes.length)))
        const done = await cipherFor(vector).decrypt(keyFor(vector.blobId), body, vector.tagBase64, sink.take)()
        expect(done).toEqual(E.right({ sizeBytes: vector.plaintextLength, tag: vector.tagBase64, isExternal: false }))
        expect(await sha256(sink.bytes())).toBe(vector.plaintextSha256)
      })
    }
  }

  const decryptIn = async (vector: Decoding, pieceBytes: number) => {
    const sink = collecting()
    const bytes = fromBase64(vector.payloadBase64)
    const body = bodyOf(pieces(bytes, pieceBytes))
    const outcome = await cipherFor(vector).decrypt(keyFor(vector.blobId), body, vector.tagHeader, sink.take)()
    return { outcome, bytes: sink.bytes() }
  }

  for (const vector of [...blobs.decodeOnly, ...blobs.negative]) {
    for (const pieceBytes of [1e9, 100, 1]) {
      test(`${vector.name} in pieces of ${pieceBytes}: ${vector.expect}`, async () => {
        const { outcome, bytes } = await decryptIn(vector, pieceBytes)
        switch (vector.expect) {
          case 'reject':
          case 'either':
            expectLeft(outcome, vector.name, 'Tampered')
            return
          case 'incomplete':
            expectLeft(outcome, vector.name, 'Unreachable')
            return
          case 'accept':
          case 'external':
            expect(expectRight(outcome, vector.name).isExternal).toBe(vector.expect === 'external')
            expect(expectRight(outcome, vector.name)).toMatchObject({ tag: vector.tagHeader, sizeBytes: bytes.length })
            expectBytes(bytes, fromHex(vector.plaintextHex ?? 'missing'), 'plaintext')
        }
      })
    }
  }

  for (const vector of contentIds) {
    test(`content id ${vector.name}`, async () => {
      const content = bytesPayload(await generated(vector.contentSeed, vector.contentBytes))
      expect(await cipherFor(vector).contentId(vector.namespace, content)()).toEqual(E.right(vector.id))
    })
  }
})

test.each(blobs.sizeRounding)('a plaintext of %d bytes has %d in its size field', (plaintextBytes, field) => {
  expect(sizeField(plaintextBytes)).toEqual(O.fromNullable(field))
})

test('no vector is left out', () => {
  expect([blobs.positive.length, blobs.decodeOnly.length, blobs.negative.length, contentIds.length]).toEqual([23, 10, 45, 5])
})

test.each(blobs.positive)('$name: the preamble is that of the vector', (vector) => {
  const preamble = writePreamble({ ...sealOf(vector), id: vector.blobId, sizeField: vector.contentSize })
  expect(new TextDecoder().decode(preambleText(preamble))).toBe(vector.preambleBase64)
  expect(sizeField(vector.plaintextLength)).toEqual(O.some(vector.contentSize))
})
