import * as TE from 'fp-ts/TaskEither'
import { describe, expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/cipher/base64url'
import { webSegments } from '../../src/cipher/segment-engine'
import { bestSegments } from '../../src/cipher/segment-engine-node'
import { BLOB_FORMAT } from '../../src/cipher/segments'
import { streamingCipher, streamingCipherWith } from '../../src/cipher/streaming'
import { textBytes } from '../../src/model/bytes'
import { bytesPayload, type Payload } from '../../src/model/payload'
import { cipherConformance } from '../../src/testing/cipher-conformance'
import { bodyOf, collecting, noise, wholeOf } from '../../src/testing/cipher-bytes'
import { expectBytes, expectLeft, expectRight, expectSome } from '../../src/testing/expect'
import { attackCases } from './streaming-attacks'
import { encryptedBy, keyIn, sealWith } from './streaming-ground'
import { vectorCases } from './streaming-vectors'
import { isBrowser, toHex } from './vectors'

const secret = noise(512)
const other = noise(600).slice(88)
const key = keyIn('a-blob')
const SEGMENT_BYTES = 1024 * 1024

for (const [name, engine] of [
  ...(isBrowser ? [] : [['node:crypto', bestSegments()] as const]),
  ['WebCrypto', webSegments(crypto.subtle)] as const,
]) {
  describe(`the streaming cipher by ${name}`, () => {
    const make = () => streamingCipherWith(engine, BLOB_FORMAT, secret)
    for (const { name: promise, run } of cipherConformance(make)) test(promise, run)
    for (const { name: promise, run } of vectorCases(engine)) test(promise, run)
    for (const { name: promise, run } of attackCases(engine)) test(promise, run)

    test('gives back what a payload gives away, once it is encrypted, but not in browsers, and leaves it what it keeps', async () => {
      const plaintext = noise(3 * SEGMENT_BYTES - 1000)
      for (const givesAway of [true, false]) {
        const given: Uint8Array[] = []
        const payload: Payload = {
          ...bytesPayload(plaintext),
          givesAway,
          read: (from, to) => {
            const bytes = plaintext.slice(from, to)
            given.push(bytes)
            return TE.right(bytes)
          },
        }
        const cipher = make()
        const { body } = expectRight(await cipher.encrypt(key, await cipher.seal(), payload)(), 'encrypt')
        await wholeOf(body)
        expect(given.every(({ length }) => (length === 0) === (givesAway && !isBrowser))).toBe(true)
      }
    })

    test('reads a payload as its ciphertext is read, and few segments ahead', async () => {
      const plaintext = noise(9 * SEGMENT_BYTES)
      let readTo = 0
      const payload: Payload = {
        ...bytesPayload(plaintext),
        read: (from = 0, to = plaintext.length) => {
          readTo = Math.max(readTo, to)
          return bytesPayload(plaintext).read(from, to)
        },
      }
      const cipher = make()
      const { body } = expectRight(await cipher.encrypt(key, await cipher.seal(), payload)(), 'encrypt')
      if (body instanceof Uint8Array) throw new Error('a stream')
      expect(readTo).toBe(0)
      const reader = body.getReader()
      await reader.read()
      expect(readTo).toBeLessThanOrEqual(engine.atOnce * SEGMENT_BYTES)
      await reader.cancel()
    })

    test('lets plaintext through while the body still comes, and asks for no more of it than a segment and a piece', async () => {
      const cipher = make()
      const bytes = await encryptedBy(cipher, key, noise(3 * SEGMENT_BYTES))
      let given = 0
      const body = new ReadableStream<Uint8Array>(
        {
          pull: (controller) => {
            controller.enqueue(bytes.slice(given, given + 100_000))
            given += 100_000
          },
        },
        { highWaterMark: 0 },
      )
      let givenAtFirst = 0
      const outcome = await cipher.decrypt(key, body, null, () => {
        givenAtFirst = given
        return TE.left({ _tag: 'StorageFull', message: 'enough' })
      })()
      expectLeft(outcome, 'a sink that is full', 'StorageFull')
      expect(givenAtFirst).toBeLessThanOrEqual(SEGMENT_BYTES + 100_000)
    })
  })
}

describe('rotation', () => {
  const before = streamingCipher(other)
  const after = streamingCipher(secret, { olderSecrets: [noise(64), other] })

  test('what an older secret encrypted is opened, and what is put now goes with the new one', async () => {
    const sink = collecting()
    expectRight(await after.decrypt(key, bodyOf([await encryptedBy(before, key, noise(2_000_000))]), null, sink.take)(), 'older')
    expectBytes(sink.bytes(), noise(2_000_000), 'what the older secret encrypted')
    const now = await encryptedBy(after, key, noise(100))
    expectRight(await streamingCipher(secret).decrypt(key, bodyOf([now]), null, collecting().take)(), 'the new secret alone')
    expectLeft(await before.decrypt(key, bodyOf([now]), null, collecting().take)(), 'the older secret', 'Tampered')
  })

  test('what was put before it is sent as it was to be', async () => {
    const seal = await before.seal()
    expectBytes(
      await encryptedBy(after, key, noise(100), seal),
      await encryptedBy(before, key, noise(100), seal),
      'the ciphertext of a retry',
    )
  })

  test('a blob of another secret is not sent with one that it was not put with, and the failure says what to do', async () => {
    const outcome = await streamingCipher(secret).encrypt(key, await before.seal(), bytesPayload(noise(10)))()
    expect(expectLeft(outcome, 'a forgotten secret', 'Corrupt').message).toMatch(/older/)
  })

  test('a download goes on with the secret that it began with', async () => {
    const bytes = await encryptedBy(before, key, noise(2_000_000))
    const checkpoints: { seal: string; encryptedBytes: number; plaintextBytes: number }[] = []
    const resume = { from: null, onCheckpoint: (each: (typeof checkpoints)[number]) => void checkpoints.push(each) }
    expectRight(await before.decrypt(key, bodyOf([bytes]), null, collecting().take, resume)(), 'before')
    const from = checkpoints[0] ?? null
    const rest = bodyOf([bytes.subarray(from?.encryptedBytes)])
    expectRight(await after.decrypt(key, rest, null, collecting().take, { ...resume, from })(), 'after')
    expectLeft(
      await streamingCipher(secret).decrypt(key, bodyOf([bytes]), null, collecting().take, { ...resume, from })(),
      'without the older secret',
      'Corrupt',
    )
  })

  test('a seal does not tell the secret or a key', async () => {
    const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
    const settings = { name: 'HKDF', hash: 'SHA-256', salt: noise(0), info: textBytes('blobsync key id 1') }
    const derived = new Uint8Array(await crypto.subtle.deriveBits(settings, base, 64))
    expect((await streamingCipher(secret).seal()).split('.')[1]).toBe(encodeBase64url(derived, false))
  })
})

describe('a seal', () => {
  const cipher = streamingCipher(secret)
  const header = Uint8Array.of(40, ...noise(39))

  test.each([
    ['a shorter header', header.slice(0, -1)],
    ['a longer header', Uint8Array.of(...header, 0)],
    ['a header that tells another length', header.map((byte, at) => (at === 0 ? 41 : byte))],
  ])('with %s is Corrupt', async (_, bytes) => {
    const seal = await sealWith(cipher, bytes)
    expect(cipher.canResume?.(seal)).toBe(false)
    expectLeft(await cipher.encrypt(key, seal, bytesPayload(noise(1)))(), 'encrypt', 'Corrupt')
  })

  test.each([(seal: string) => `${seal}\n`, (seal: string) => seal.replace('streaming1', 'streaming2')])(
    'of another form is Corrupt',
    async (change) => {
      const seal = change(await sealWith(cipher, header))
      expectLeft(await cipher.encrypt(key, seal, bytesPayload(noise(1)))(), 'encrypt', 'Corrupt')
    },
  )

  test('is a new one for each put, in salt and in nonce prefix', async () => {
    const headers = await Promise.all(
      Array.from({ length: 200 }, async () =>
        expectSome(decodeBase64url(textBytes((await cipher.seal()).split('.')[2] ?? ''), false), 'a header'),
      ),
    )
    for (const [from, to] of [
      [1, 33],
      [33, 40],
    ] as const) {
      expect(new Set(headers.map((each) => toHex(each.subarray(from, to)))).size).toBe(200)
    }
  })
})

describe('a secret', () => {
  test.each([0, 31])('of %d bytes is refused, also as an older one', (lengthBytes) => {
    expect(() => streamingCipher(noise(lengthBytes))).toThrow(/at least 32/)
    expect(() => streamingCipher(secret, { olderSecrets: [noise(lengthBytes)] })).toThrow(RangeError)
  })

  test('is copied', async () => {
    const given = noise(64)
    const cipher = streamingCipher(given)
    given.fill(0)
    const bytes = await encryptedBy(cipher, key, textBytes('x'))
    expectRight(await streamingCipher(noise(64)).decrypt(key, bodyOf([bytes]), null, collecting().take)(), 'decrypt')
  })
})
