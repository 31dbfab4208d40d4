import * as TE from 'fp-ts/TaskEither'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { nodeGcm } from '../../src/cipher/gcm-node'
import { soledadCipher } from '../../src/cipher/soledad'
import { textBytes } from '../../src/model/bytes'
import { blobPayload, bytesPayload } from '../../src/model/payload'
import { bodyOf, collecting, noise, pieces, wholeOf } from '../../src/testing/cipher-bytes'
import { expectLeft, expectRight } from '../../src/testing/expect'
import { keyFor } from './vectors'

const secret = noise(512)
const key = keyFor('a-blob')

describe('the streaming engine', () => {
  const cipher = soledadCipher(secret)

  test('takes payloads above 64 KiB as they are read, smaller ones whole', async () => {
    const bodyFor = async (sizeBytes: number) =>
      expectRight(await cipher.encrypt(key, await cipher.seal(), bytesPayload(new Uint8Array(sizeBytes)))(), 'encrypt').body
    expect(await bodyFor(64 * 1024)).toBeInstanceOf(Uint8Array)
    expect(await bodyFor(64 * 1024 + 1)).toBeInstanceOf(ReadableStream)
  })

  test('pours plaintext before the end of the body, and keeps back what may hold the tag', async () => {
    const made = expectRight(await cipher.encrypt(key, await cipher.seal(), bytesPayload(noise(1000)))(), 'encrypt')
    const bytes = await wholeOf(made.body)
    const sink = collecting()
    const outcome = await cipher.decrypt(key, bodyOf(pieces(bytes, 100), new Error('reset')), null, sink.take)()
    expectLeft(outcome, 'a cut body', 'Unreachable')
    // The body has 1753 bytes, the last piece 53 of them, 16 of these the tag.
    expect(sink.bytes()).toEqual(noise(1000).slice(0, 1000 - 37))
  })

  test('a body longer than any blob is Tampered before it ends', async () => {
    const made = expectRight(await cipher.encrypt(key, await cipher.seal(), bytesPayload(textBytes('x')))(), 'encrypt')
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
    const made = expectRight(await cipher.encrypt(key, await cipher.seal(), blobPayload(lying))(), 'encrypt')
    await expect(wholeOf(made.body)).rejects.toMatchObject({ failure: { _tag: 'Corrupt' } })
    expectLeft(await made.tag(), 'the tag', 'Aborted')
  })
})

describe('without node:crypto', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test.each([undefined, {}, { getBuiltinModule: () => undefined }, { getBuiltinModule: () => ({}) }])(
    'and with process = %j, the cipher works by WebCrypto',
    async (process) => {
      const made = soledadCipher(secret)
      const bytes = await wholeOf(
        expectRight(await made.encrypt(key, await made.seal(), bytesPayload(textBytes('content')))(), 'encrypt').body,
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

test('in a page that came over plain HTTP, the cipher says why it cannot work', () => {
  vi.stubGlobal('process', undefined)
  vi.stubGlobal('crypto', {})
  expect(() => soledadCipher(secret)).toThrow('https')
  vi.unstubAllGlobals()
})
