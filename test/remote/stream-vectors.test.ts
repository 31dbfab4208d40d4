import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { sealText } from '../../src/cipher/seal'
import { soledadCipherWith } from '../../src/cipher/soledad'
import { concatenated, type Bytes } from '../../src/model/bytes'
import { bytesPayload } from '../../src/model/payload'
import type { Received } from '../../src/remote/remote'
import { frameParser, uploadFrames } from '../../src/remote/stream-frames'
import { bodyOf, collecting, wholeOf } from '../../src/testing/cipher-bytes'
import { frameOf } from '../../src/testing/soledad-answers'
import {
  blobs,
  engines,
  fromBase64,
  fromHex,
  generated,
  keyFor,
  sha256,
  toBase64,
  type StreamDownload,
  type Streamed,
} from '../cipher/vectors'
import { right } from './against'

describe.each(engines)('the stream vectors, with the cipher by %s', (_, engine) => {
  const cipherOf = ({ secretHex }: Streamed) => soledadCipherWith(engine, fromHex(secretHex))

  /** The blobs of a vector, encrypted here. */
  const encryptedOf = (vector: Streamed): Promise<readonly Bytes[]> =>
    Promise.all(
      vector.ids.map(async (id, index) => {
        const seal = sealText({ iv: fromHex(vector.ivHex[index]!), seconds: vector.preambleTime })
        const plaintext = bytesPayload(await plaintextOf(vector, index))
        return wholeOf(right(await cipherOf(vector).encrypt(keyFor(id), seal, plaintext)()).body)
      }),
    )

  const wireOf = async (vector: StreamDownload) =>
    vector.wireBase64 === null ? concatenated(...(await encryptedOf(vector)).map(frameOf)) : fromBase64(vector.wireBase64)

  /** The hash of what a received blob decrypts to; null if it does not. */
  const decrypted = async (vector: Streamed, id: string, { bytes, tag }: Received) => {
    const { take, bytes: plaintext } = collecting()
    const outcome = await cipherOf(vector).decrypt(keyFor(id), bodyOf([bytes]), tag, take)()
    return E.isRight(outcome) ? sha256(plaintext()) : null
  }

  for (const vector of blobs.stream.download) {
    for (const [manner, sizesOf] of [
      ['in the parts of the vector', () => vector.chunkSizes],
      ['byte by byte', (wire: Bytes) => Array.from(wire, () => 1)],
    ] as const) {
      test(`${vector.name} ${manner}: ${vector.expect}`, async () => {
        const wire = await wireOf(vector)
        expect(await sha256(wire)).toBe(vector.wireSha256)
        const frames = frameParser(vector.ids.length, 1_000_000)
        let place = 0
        for (const size of sizesOf(wire)) frames.take(wire.subarray(place, (place += size)))
        expect(place).toBe(wire.length)
        const contents = await Promise.all(frames.received.map((blob, index) => decrypted(vector, vector.ids[index]!, blob!)))
        const isAccepted = E.isRight(frames.end()) && !contents.includes(null)
        if (vector.expect !== 'either') expect(isAccepted).toBe(vector.expect === 'accept')
        if (isAccepted) expect(contents).toEqual(vector.plaintextSha256)
        for (const [index, content] of contents.entries()) expect([null, vector.plaintextSha256[index]]).toContain(content)
      })
    }
  }

  for (const vector of blobs.stream.upload) {
    test(`${vector.name}: is sent byte for byte`, async () => {
      const encrypted = await encryptedOf(vector)
      const wire = uploadFrames(vector.ids.map((id, index) => ({ id: keyFor(id).id, bytes: encrypted[index]! })))
      if (vector.wireBase64 !== null) expect(toBase64(wire)).toBe(vector.wireBase64)
      expect(await sha256(wire)).toBe(vector.wireSha256)
    })
  }
})

/** By the generator that the vectors name, from the middle words of theirs. */
const plaintextOf = async ({ name, ids, plaintextLengths, plaintextSha256 }: Streamed, index: number): Promise<Bytes> => {
  const [half, , set] = name.split('-')
  const plaintext = await generated(`st:${half}:${set}:${ids[index]}`, plaintextLengths[index]!)
  expect(await sha256(plaintext)).toBe(plaintextSha256[index])
  return plaintext
}
