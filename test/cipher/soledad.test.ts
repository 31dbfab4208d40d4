import { createHmac, hkdfSync } from 'node:crypto'
import { fc, test as property } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/cipher/base64url'
import { concatenated, textBytes } from '../../src/model/bytes'
import { nodeGcm } from '../../src/cipher/gcm-node'
import { preambleText, readPreamble, writePreamble } from '../../src/cipher/preamble'
import { readSeal, sealText } from '../../src/cipher/seal'
import { soledadCipher, soledadCipherWith } from '../../src/cipher/soledad'
import { CarriedFailure } from '../../src/model/carried-failure'
import { failure } from '../../src/model/failure'
import { blobPayload, bytesPayload } from '../../src/model/payload'
import { cipherConformance } from '../../src/testing/cipher-conformance'
import { bodyOf, collecting, noise, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectLeft, expectRight } from '../../src/testing/expect'
import { engines, keyFor } from './vectors'

const secret = noise(512)
const key = keyFor('a-blob')

for (const [name, engine] of engines) {
  describe(`the Soledad cipher by ${name}`, () => {
    const cipher = soledadCipherWith(engine, secret)
    const encrypted = async (sizeBytes: number) =>
      wholeOf(expectRight(await cipher.encrypt(key, cipher.seal(), bytesPayload(noise(sizeBytes)))(), 'encrypt').body)
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
      const outcome = (length: number) =>
        cipher.encrypt(keyFor('x'.repeat(length)), cipher.seal(), bytesPayload(textBytes('x')))()
      expectRight(await outcome(240), '240 characters')
      expectLeft(await outcome(241), '241 characters', 'TooLarge')
    })

    test('the secret is copied', async () => {
      const given = noise(100)
      const before = soledadCipherWith(engine, given)
      const bytes = await wholeOf(
        expectRight(await before.encrypt(key, before.seal(), bytesPayload(textBytes('x')))(), 'encrypt').body,
      )
      given.fill(0)
      expectRight(await before.decrypt(key, bodyOf([bytes]), null, collecting().take)(), 'decrypt')
      const id = soledadCipherWith(engine, noise(100)).contentId('default', bytesPayload(textBytes('x')))
      expect(await before.contentId('default', bytesPayload(textBytes('x')))()).toEqual(await id())
    })
  })
}

describe('the streaming engine', () => {
  const cipher = soledadCipher(secret)

  test('takes payloads above 64 KiB as they are read, smaller ones whole', async () => {
    const bodyFor = async (sizeBytes: number) =>
      expectRight(await cipher.encrypt(key, cipher.seal(), bytesPayload(new Uint8Array(sizeBytes)))(), 'encrypt').body
    expect(await bodyFor(64 * 1024)).toBeInstanceOf(Uint8Array)
    expect(await bodyFor(64 * 1024 + 1)).toBeInstanceOf(ReadableStream)
  })

  test('pours plaintext before the end of the body, and keeps back what may hold the tag', async () => {
    const made = expectRight(await cipher.encrypt(key, cipher.seal(), bytesPayload(noise(1000)))(), 'encrypt')
    const bytes = await wholeOf(made.body)
    const sink = collecting()
    const outcome = await cipher.decrypt(key, bodyOf(pieces(bytes, 100), new Error('reset')), null, sink.take)()
    expectLeft(outcome, 'a cut body', 'Unreachable')
    // The body has 1753 bytes, the last piece 53 of them, 16 of these the tag.
    expect(sink.bytes()).toEqual(noise(1000).slice(0, 1000 - 37))
  })

  test('a body longer than any blob is Tampered before it ends', async () => {
    const made = expectRight(await cipher.encrypt(key, cipher.seal(), bytesPayload(textBytes('x')))(), 'encrypt')
    const piece = new Uint8Array(32 * 1024 * 1024)
    const start = await wholeOf(made.body)
    let isCancelled = false
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(start),
      pull: (controller) => controller.enqueue(piece),
      cancel: () => void (isCancelled = true),
    })
    let takenBytes = 0
    const sink = (bytes: Uint8Array) => {
      takenBytes += bytes.length
      return TE.right(undefined)
    }
    expectLeft(await cipher.decrypt(key, body, null, sink)(), 'an endless body', 'Tampered')
    expect(isCancelled).toBe(true)
    expect(takenBytes).toBeLessThanOrEqual(2 ** 30)
  })

  test('a payload that shrinks while it is read breaks the body with a failure that a remote understands', async () => {
    const lying = Object.defineProperty(new Blob([noise(2_000_000)]), 'size', { value: 2_500_000 })
    const made = expectRight(await cipher.encrypt(key, cipher.seal(), blobPayload(lying))(), 'encrypt')
    await expect(wholeOf(made.body)).rejects.toMatchObject({ failure: { _tag: 'Corrupt' } })
    expectLeft(await made.tag(), 'the tag', 'Aborted')
  })
})

describe('a secret', () => {
  test.each([0, 1, 63, 64])('of %d bytes is refused', (lengthBytes) => {
    expect(() => soledadCipher(noise(lengthBytes))).toThrow(RangeError)
    expect(() => soledadCipher(noise(lengthBytes))).toThrow(/more than 64 bytes/)
  })

  test('of 65 bytes is taken', () => {
    expect(soledadCipher(noise(65)).name).toBe('soledad')
  })

  test('is not used for ids as it is used for keys: the derived key is HKDF’s', async () => {
    const derived = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), 'blobsync id 1', 32))
    const expected = createHmac('sha256', derived).update('default\0').update('content').digest('base64url')
    expect(await soledadCipher(secret).contentId('default', bytesPayload(textBytes('content')))()).toEqual(E.right(expected))
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

  test('holds the whole seconds of now', () => {
    const { seconds } = expectRight(readSeal(soledadCipher(secret).seal()), 'seal')
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(2)
  })
})

describe('base64url', () => {
  property.prop([fc.uint8Array({ maxLength: 600 }), fc.boolean()])('is what Node writes, and comes back', (bytes, isPadded) => {
    const text = encodeBase64url(bytes, isPadded)
    expect(text.replaceAll('=', '')).toBe(Buffer.from(bytes).toString('base64url'))
    expect(text.length % 4 === 0 || !isPadded).toBe(true)
    expect(decodeBase64url(textBytes(text), isPadded)).toMatchObject({ value: new Uint8Array(bytes) })
  })

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

describe('without node:crypto', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test.each([undefined, {}, { getBuiltinModule: () => undefined }, { getBuiltinModule: () => ({}) }])(
    'and with process = %j, the cipher works by WebCrypto',
    async (process) => {
      const made = soledadCipher(secret)
      const bytes = await wholeOf(
        expectRight(await made.encrypt(key, made.seal(), bytesPayload(textBytes('content')))(), 'encrypt').body,
      )
      vi.stubGlobal('process', process)
      expect(nodeGcm()).toMatchObject({ _tag: 'None' })
      const sink = collecting()
      expectRight(await soledadCipher(secret).decrypt(key, bodyOf([bytes]), null, sink.take)(), 'decrypt')
      vi.unstubAllGlobals()
      expect(new TextDecoder().decode(sink.bytes())).toBe('content')
    },
  )
})
