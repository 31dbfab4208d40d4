import { fc, test as property } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { anyCipher } from '../../src/cipher/any'
import type { Checkpoint, Cipher } from '../../src/cipher/cipher'
import { soledadCipher } from '../../src/cipher/soledad'
import { streamingCipher } from '../../src/cipher/streaming'
import { CarriedFailure } from '../../src/model/carried-failure'
import { throttled } from '../../src/model/failure'
import { bytesPayload } from '../../src/model/payload'
import { cipherConformance } from '../../src/testing/cipher-conformance'
import { bodyOf, collecting, noise, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectBytes, expectEqual, expectLeft, expectRight } from '../../src/testing/expect'
import { encryptedBy, keyIn } from './streaming-ground'
import { isBrowser } from './vectors'
import { readInto } from '../model/read-into'

const secret = noise(512)
const key = keyIn('a-blob')
const streaming = streamingCipher(secret)
const soledad = soledadCipher(secret)

const decrypt = async (cipher: Cipher, parts: readonly Uint8Array[]) => {
  const sink = collecting()
  return { done: await cipher.decrypt(key, bodyOf(parts), null, sink.take)(), bytes: sink.bytes }
}

for (const [first, second] of [
  [streaming, soledad],
  [soledad, streaming],
] as const) {
  describe(`any cipher, ${first.name} before ${second.name}`, () => {
    const any = anyCipher([first, second])
    for (const { name, run } of cipherConformance(() => any)) test(name, run)

    test('opens what either made, whatever the pieces, and encrypts as the first', async () => {
      for (const maker of [first, second, any]) {
        const bytes = await encryptedBy(maker, key, noise(3000))
        for (const parts of [[bytes], pieces(bytes, 1), [new Uint8Array(0), ...pieces(bytes, 700)]]) {
          const opened = await decrypt(any, parts)
          expectRight(opened.done, maker.name)
          expectBytes(opened.bytes(), noise(3000), maker.name)
        }
      }
      expectRight((await decrypt(first, [await encryptedBy(any, key, noise(100))])).done, 'as the first')
    })

    test('sends what was put with the other as it was to be', async () => {
      const seal = await second.seal()
      expectBytes(await encryptedBy(any, key, noise(100), seal), await encryptedBy(second, key, noise(100), seal), 'a retry')
      expect(any.encryptedSize(100, seal)).toBe(second.encryptedSize(100))
      expect(any.encryptedSize(100)).toBe(first.encryptedSize(100))
      expect(any.canResume?.(seal) ?? false).toBe(second.canResume?.(seal) ?? false)
    })

    test('refuses what none of them made', async () => {
      for (const firstByte of [0, 0x20, 0x44, 0x29, 0xff]) {
        expectLeft((await decrypt(any, [Uint8Array.of(firstByte), noise(2000)])).done, `${firstByte}`, 'Tampered')
      }
      expectLeft(await any.encrypt(key, 'other.seal', bytesPayload(noise(1)))(), 'a seal of another kind', 'Corrupt')
    })

    test('tells the failure that a body carries, before its first byte too', async () => {
      const carried = throttled('slow down', 1000, true)
      expect(await any.decrypt(key, bodyOf([], new CarriedFailure(carried)), null, collecting().take)()).toEqual(E.left(carried))
    })

    test('goes on in the middle of a blob, where no byte tells the cipher', async () => {
      const bytes = await encryptedBy(streaming, key, noise(2_000_000))
      const found: Checkpoint[] = []
      const resume = { from: null, onCheckpoint: (each: Checkpoint) => void found.push(each) }
      expectRight(await any.decrypt(key, bodyOf([bytes]), null, collecting().take, resume)(), 'from the beginning')
      const from = found[0] ?? null
      const sink = collecting()
      const rest = bodyOf([bytes.subarray(from?.encryptedBytes)])
      expectRight(await any.decrypt(key, rest, null, sink.take, { ...resume, from })(), 'from a checkpoint')
      expectBytes(sink.bytes(), noise(2_000_000).subarray(from?.plaintextBytes), 'the rest')
    })

    property.prop([fc.nat(300), fc.nat(), fc.nat(7), fc.boolean()])(
      'no flipped bit verifies',
      async (size, anywhere, bit, isFirst) => {
        const bytes = await encryptedBy(isFirst ? first : second, key, noise(size))
        const place = anywhere % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
        const { done } = await decrypt(any, [bytes])
        expect(E.isLeft(done) || done.right.isExternal).toBe(true)
      },
    )
  })
}

test('the id of a content is the same by either cipher', async () => {
  const ids = await Promise.all([streaming, soledad].map((each) => each.contentId('default', bytesPayload(noise(10)))()))
  expectEqual(ids[0], ids[1], 'ids')
})

test('what the first does not encrypt, being too large for it, may be opened by another', () => {
  const small = { ...soledad, plaintextBytesMax: 10, encryptedBytesMax: 763 }
  const any = anyCipher([small, streaming])
  expect([any.plaintextBytesMax, any.encryptedBytesMax]).toEqual([10, streaming.encryptedBytesMax])
})

test('two ciphers of one kind are refused, and the message says what to do', () => {
  expect(() => anyCipher([streaming, streamingCipher(noise(64))])).toThrow(/olderSecrets/)
})

test('a cipher may read the body into memory of its own where it is a byte stream', async () => {
  const bytes = await encryptedBy(streaming, key, noise(100_000))
  let read = new Uint8Array(0)
  const reading: Cipher = {
    ...streaming,
    decrypt: (...[, body]) =>
      TE.fromTask(async () => {
        read = isBrowser ? await wholeOf(body) : await readInto(body)
        return { sizeBytes: 0, tag: '', isExternal: false }
      }),
  }
  expectRight(await anyCipher([reading]).decrypt(key, new Blob([bytes]).stream(), null, collecting().take)(), 'decrypt')
  expectBytes(read, bytes, 'what it read')
})
