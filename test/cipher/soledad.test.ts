import { fc, test as property } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/cipher/base64url'
import { concatenated, textBytes } from '../../src/model/bytes'
import { webGcm } from '../../src/cipher/gcm'
import { preambleText, readPreamble, writePreamble } from '../../src/cipher/preamble'
import { readSeal, sealText } from '../../src/cipher/seal'
import { soledadCipher, soledadCipherWith } from '../../src/cipher/soledad'
import { CarriedFailure } from '../../src/model/carried-failure'
import { failure } from '../../src/model/failure'
import { bytesPayload } from '../../src/model/payload'
import { cipherConformance } from '../../src/testing/cipher-conformance'
import { bodyOf, collecting, noise, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectLeft, expectRight } from '../../src/testing/expect'
import { engines, keyFor, toBase64 } from './vectors'

const secret = noise(512)
const key = keyFor('a-blob')

for (const [name, engine] of engines) {
  describe(`the Soledad cipher by ${name}`, () => {
    const cipher = soledadCipherWith(engine, secret)
    const encrypted = async (sizeBytes: number) =>
      wholeOf(expectRight(await cipher.encrypt(key, await cipher.seal(), bytesPayload(noise(sizeBytes)))(), 'encrypt').body)
    const decrypt = (bytes: Uint8Array, claim: string | null = null) =>
      cipher.decrypt(key, bodyOf([bytes]), claim, collecting().take)()

    for (const { name: promise, run } of cipherConformance(() => soledadCipherWith(engine, secret))) test(promise, run)

    property.prop([fc.nat(200), fc.nat(), fc.nat(7)])('no flipped bit verifies', async (sizeBytes, anywhere, bit) => {
      const bytes = await encrypted(sizeBytes)
      const place = anywhere % bytes.length
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit)
      // One bit of the scheme makes it someone else's blob: then it is never passed for a verified one.
      const result = await decrypt(bytes)
      expect(E.isLeft(result) || result.right.isExternal).toBe(true)
    })

    property.prop([fc.nat(200), fc.nat()])('no truncation verifies', async (sizeBytes, anywhere) => {
      const bytes = await encrypted(sizeBytes)
      expect(E.isLeft(await decrypt(bytes.subarray(0, anywhere % bytes.length)))).toBe(true)
    })

    property.prop([fc.nat(3000), fc.array(fc.nat(900), { maxLength: 20 })])('any chunking decrypts', async (sizeBytes, cuts) => {
      const bytes = await encrypted(sizeBytes)
      const parts: Uint8Array[] = []
      let position = 0
      for (const cut of [...cuts, bytes.length]) {
        parts.push(bytes.subarray(position, position + cut))
        position = Math.min(bytes.length, position + cut)
      }
      const sink = collecting()
      expectRight(await cipher.decrypt(key, bodyOf(parts), null, sink.take)(), 'decrypt')
      expect(sink.bytes()).toEqual(noise(sizeBytes))
    })

    property.prop([fc.uint8Array({ maxLength: 2000 })])('no noise verifies or throws', async (bytes) => {
      expect(E.isLeft(await decrypt(bytes))).toBe(true)
    })

    test('a CarriedFailure of a remote is the failure of the decryption', async () => {
      const forbidden = failure('Forbidden', 'not yours')
      const outcome = await cipher.decrypt(
        key,
        bodyOf([await encrypted(10)], new CarriedFailure(forbidden)),
        null,
        collecting().take,
      )()
      expect(outcome).toEqual(E.left(forbidden))
    })

    test('1200 bytes without a separator are Tampered although more may follow', async () => {
      const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(100).fill(0x41)) })
      expectLeft(await cipher.decrypt(key, body, null, collecting().take)(), 'an endless body', 'Tampered')
    })

    test('a malformed claim is Tampered without the body being read, which is cancelled', async () => {
      let isCancelled = false
      const body = bodyOf([await encrypted(10)], undefined, () => void (isCancelled = true))
      expectLeft(await cipher.decrypt(key, body, '', collecting().take)(), 'an empty claim', 'Tampered')
      expect(isCancelled).toBe(true)
    })

    test('an id of more than 240 characters is refused when it is encrypted', async () => {
      const outcome = async (length: number) =>
        cipher.encrypt(keyFor('x'.repeat(length)), await cipher.seal(), bytesPayload(textBytes('x')))()
      expectRight(await outcome(240), '240 characters')
      expectLeft(await outcome(241), '241 characters', 'TooLarge')
    })

    test('the secret is copied', async () => {
      const given = noise(100)
      const before = soledadCipherWith(engine, given)
      const bytes = await wholeOf(
        expectRight(await before.encrypt(key, await before.seal(), bytesPayload(textBytes('x')))(), 'encrypt').body,
      )
      given.fill(0)
      expectRight(await before.decrypt(key, bodyOf([bytes]), null, collecting().take)(), 'decrypt')
      const id = soledadCipherWith(engine, noise(100)).contentId('default', bytesPayload(textBytes('x')))
      expect(await before.contentId('default', bytesPayload(textBytes('x')))()).toEqual(await id())
    })
  })
}

describe('a secret', () => {
  test.each([0, 1, 63, 64])('of %d bytes is refused', (lengthBytes) => {
    expect(() => soledadCipher(noise(lengthBytes))).toThrow(RangeError)
    expect(() => soledadCipher(noise(lengthBytes))).toThrow(/more than 64 bytes/)
  })

  test('of 65 bytes is taken', () => {
    expect(soledadCipher(noise(65)).name).toBe('soledad')
  })

  test('is not used for ids as it is used for keys: the derived key is HKDF’s', async () => {
    const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: textBytes('blobsync id 1') }
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
    const given = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
    const derived = await crypto.subtle.deriveKey(hkdf, given, hmac, false, ['sign'])
    const expected = new Uint8Array(await crypto.subtle.sign('HMAC', derived, textBytes('default\0content')))
    const made = await soledadCipher(secret).contentId('default', bytesPayload(textBytes('content')))()
    expect(made).toEqual(E.right(base64urlOf(expected).replaceAll('=', '')))
  })
})

describe('a seal', () => {
  const iv = noise(16)

  property.prop([fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.uint8Array({ minLength: 16, maxLength: 16 })])(
    'is read as it was written',
    (seconds, random) => {
      expect(readSeal(sealText({ seconds, iv: new Uint8Array(random) }))).toEqual(
        E.right({ seconds, iv: new Uint8Array(random) }),
      )
    },
  )

  test.each([
    '',
    sealText({ seconds: 0, iv }),
    sealText({ seconds: 1.5, iv }),
    sealText({ seconds: -1, iv }),
    sealText({ seconds: 2 ** 53, iv }),
    sealText({ seconds: 1, iv: noise(15) }),
    sealText({ seconds: 1, iv: noise(17) }),
    `${sealText({ seconds: 1, iv })}\n`,
    `${sealText({ seconds: 1, iv }).slice(0, -1)}B`,
    sealText({ seconds: 1, iv }).replace('soledad1', 'soledad2'),
  ])('%j is Corrupt', (text) => {
    expectLeft(readSeal(text), 'a bad seal', 'Corrupt')
  })

  test('holds the whole seconds of now', async () => {
    const { seconds } = expectRight(readSeal(await soledadCipher(secret).seal()), 'seal')
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(2)
  })
})

const base64urlOf = (bytes: Uint8Array) => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_')

describe('base64url', () => {
  property.prop([fc.uint8Array({ maxLength: 600 }), fc.boolean()])(
    'is what the platform writes, and comes back',
    (bytes, isPadded) => {
      const text = encodeBase64url(bytes, isPadded)
      expect(text).toBe(isPadded ? base64urlOf(bytes) : base64urlOf(bytes).replaceAll('=', ''))
      expect(decodeBase64url(textBytes(text), isPadded)).toMatchObject({ value: new Uint8Array(bytes) })
    },
  )

  test.each([
    'A',
    'A===',
    'AA',
    'AA=',
    'AAA',
    '====',
    '=',
    'AB==',
    'AAB=',
    'AA+A',
    'AA/A',
    'AA A',
    'AA\nA',
    'AAA=AAAA',
    'AAAA====',
  ])('%j is no padded base64url', (text) => {
    expect(decodeBase64url(textBytes(text), true)).toMatchObject({ _tag: 'None' })
  })
})

test.each(['A', 'AAAAA', 'AA==', 'AB'])('%j is no base64url without padding', (text) => {
  expect(decodeBase64url(textBytes(text), false)).toMatchObject({ _tag: 'None' })
})

test.each([0, 1, 541, 543, 551, 553, 555, 1104])('a preamble of %d bytes is Tampered', (lengthBytes) => {
  const whole = writePreamble({ id: 'a-blob', iv: noise(16), seconds: 1, sizeField: 4096 })
  expectRight(readPreamble(preambleText(whole)), 'a preamble of 552 bytes')
  const bytes = concatenated(whole, whole).slice(0, lengthBytes)
  expectLeft(readPreamble(preambleText(bytes)), 'another length', 'Tampered')
})

describe('an engine that takes whole messages only', () => {
  const small = soledadCipherWith({ ...webGcm(crypto.subtle), bytesMax: 1000 }, secret)
  const made = async (sizeBytes: number) => {
    const cipher = soledadCipher(secret)
    return wholeOf(expectRight(await cipher.encrypt(key, await cipher.seal(), bytesPayload(noise(sizeBytes)))(), 'encrypt').body)
  }

  test('takes 64 MiB, and refuses more before any of it is read', async () => {
    const cipher = soledadCipherWith(webGcm(crypto.subtle), secret)
    expect(cipher.plaintextBytesMax).toBe(64 * 1024 * 1024)
    const unread = { ...bytesPayload(noise(0)), sizeBytes: 64 * 1024 * 1024 + 1, read: () => expect.unreachable() }
    expectLeft(await cipher.encrypt(key, await cipher.seal(), unread)(), 'encrypt', 'TooLarge')
  })

  test('says how much, and takes that much', async () => {
    expect(small.plaintextBytesMax).toBe(1000)
    expectRight(await small.encrypt(key, await small.seal(), bytesPayload(noise(1000)))(), 'encrypt')
    expectRight(await small.decrypt(key, bodyOf([await made(1000)]), null, collecting().take)(), 'decrypt')
  })

  test('tells more to be TooLarge, not Tampered, and gives nothing of it', async () => {
    expectLeft(await small.encrypt(key, await small.seal(), bytesPayload(noise(1001)))(), 'encrypt', 'TooLarge')
    const sink = collecting()
    let isCancelled = false
    const body = bodyOf(pieces(await made(1001), 100), undefined, () => void (isCancelled = true))
    expectLeft(await small.decrypt(key, body, null, sink.take)(), 'decrypt', 'TooLarge')
    expect([sink.bytes().length, isCancelled]).toEqual([0, true])
  })

  test.each([
    new RangeError('Array buffer allocation failed'),
    Object.assign(new Error('The operation failed.'), { name: 'OperationError' }),
  ])('tells memory that cannot be had to be TooLarge: %s', async (thrown) => {
    const finish = () => Promise.reject(thrown)
    const engine = webGcm(crypto.subtle)
    const full = soledadCipherWith(
      {
        ...engine,
        sealer: (...given) => ({ ...engine.sealer(...given), finish }),
        opener: (...given) => ({ ...engine.opener(...given), finish }),
      },
      secret,
    )
    expectLeft(await full.encrypt(key, await full.seal(), bytesPayload(noise(10)))(), 'encrypt', 'TooLarge')
    expectLeft(await full.decrypt(key, bodyOf([await made(10)]), null, collecting().take)(), 'decrypt', 'TooLarge')
  })

  test('leaves a bug a bug', async () => {
    const engine = webGcm(crypto.subtle)
    const broken = soledadCipherWith(
      {
        ...engine,
        sealer: () => {
          throw new TypeError('a bug')
        },
      },
      secret,
    )
    await expect(broken.encrypt(key, await broken.seal(), bytesPayload(noise(10)))()).rejects.toThrow('a bug')
  })
})
