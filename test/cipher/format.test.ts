import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { soledadCipher } from '../../src/cipher/soledad'
import { streamingCipher } from '../../src/cipher/streaming'
import { bytesPayload } from '../../src/model/payload'
import { encryptedStore } from '../../src/store/encrypted'
import { memoryStore, newMemory } from '../../src/store/memory'
import { bodyOf, collecting, noise } from '../../src/testing/cipher-bytes'
import { expectBytes, expectRight } from '../../src/testing/expect'
import { key as keyOf, recordOf } from '../../src/testing/store-ground'
import { encryptedBy, keyIn } from './streaming-ground'

// Another implementation, made from docs/format.md and with nothing of ours.

const hkdf = (key: Uint8Array, salt: Uint8Array, info: string) => Buffer.from(hkdfSync('sha256', key, salt, info, 32))
const NONE = new Uint8Array(0)
const SEGMENT = 1_048_576

const nonceOf = (prefix: Uint8Array, number: number, isLast: boolean) => {
  const rest = Buffer.alloc(5)
  rest.writeUInt32BE(number)
  rest[4] = isLast ? 1 : 0
  return Buffer.concat([prefix, rest])
}

const open = (key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, associated: Uint8Array = NONE) => {
  const decipher = createDecipheriv('aes-256-gcm', key, iv)
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

const seal = (key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, associated: Uint8Array = NONE) => {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(associated)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

const readStreaming = (mainKey: Uint8Array, name: string, blob: Uint8Array) => {
  expect(blob[0]).toBe(40)
  const key = hkdf(mainKey, blob.subarray(1, 33), name)
  const plaintext: Buffer[] = []
  for (let number = 0; number * SEGMENT < blob.length; number++) {
    const end = Math.min((number + 1) * SEGMENT, blob.length)
    const segment = blob.subarray(number === 0 ? 40 : number * SEGMENT, end)
    plaintext.push(open(key, nonceOf(blob.subarray(33, 40), number, end === blob.length), segment))
  }
  return Buffer.concat(plaintext)
}

const writeStreaming = (mainKey: Uint8Array, name: string, salt: Uint8Array, prefix: Uint8Array, plaintext: Uint8Array) => {
  const key = hkdf(mainKey, salt, name)
  const segments = Math.max(1, Math.ceil((plaintext.length + 40) / 1_048_560))
  const parts: Uint8Array[] = [Uint8Array.of(40), salt, prefix]
  for (let number = 0; number < segments; number++) {
    const part = plaintext.subarray(Math.max(0, number * 1_048_560 - 40), (number + 1) * 1_048_560 - 40)
    parts.push(seal(key, nonceOf(prefix, number, number === segments - 1), part))
  }
  const blob = Buffer.concat(parts)
  expect(blob.length).toBe(40 + plaintext.length + 16 * segments)
  return blob
}

const preambleOf = (id: string, plaintextBytes: number) => {
  const preamble = Buffer.alloc(552)
  preamble.set([0x13, 0x37, 1, 2])
  preamble.writeBigUInt64LE(1_700_000_000n, 8)
  preamble.set(noise(16), 16)
  preamble[32] = preamble.write(id, 33)
  preamble[287] = preamble.write('ImmutableRevision', 288)
  let size = 4096n
  while (size <= plaintextBytes) size *= 2n
  preamble.writeBigUInt64LE(size, 544)
  return preamble
}

const soledadKey = (secret: Uint8Array, id: string) => createHmac('sha256', secret.subarray(64)).update(id).digest()
const padded = (bytes: Buffer) => bytes.toString('base64url').padEnd(Math.ceil(bytes.length / 3) * 4, '=')

const secret = noise(512)
const key = keyIn('a-blob', 'photos')
const mainKey = hkdf(secret, NONE, 'blobsync streaming 1')
const sizes = [0, 1, 1_048_520, 1_048_521, 2_097_080, 2_097_081, 3_000_000]

describe('docs/format.md', () => {
  test.each(sizes)('a streaming blob of %d bytes is what it says, both ways', async (sizeBytes) => {
    const blob = await encryptedBy(streamingCipher(secret), key, noise(sizeBytes))
    expectBytes(readStreaming(mainKey, 'photos/a-blob', blob), noise(sizeBytes), 'ours, read by another')
    const other = writeStreaming(mainKey, 'photos/a-blob', noise(32), noise(7), noise(sizeBytes))
    const sink = collecting()
    const done = await streamingCipher(secret).decrypt(key, bodyOf([other]), padded(other.subarray(-16)), sink.take)()
    expectRight(done, 'another’s, read by us')
    expectBytes(sink.bytes(), noise(sizeBytes), 'another’s, read by us')
  })

  test.each([0, 4095, 4096, 100_000])('a blob of Soledad’s of %d bytes is what it says, both ways', async (sizeBytes) => {
    const blob = await encryptedBy(soledadCipher(secret), key, noise(sizeBytes))
    const preamble = Buffer.from(Buffer.from(blob.subarray(0, 736)).toString(), 'base64url')
    const plaintext = open(soledadKey(secret, 'a-blob'), preamble.subarray(16, 32), blob.subarray(737), preamble)
    expectBytes(plaintext, noise(sizeBytes), 'ours, read by another')
    expect([blob[0], blob[736], blob.length]).toEqual([0x45, 0x20, sizeBytes + 753])

    const made = preambleOf('a-blob', sizeBytes)
    const sealed = seal(soledadKey(secret, 'a-blob'), noise(16), noise(sizeBytes), made)
    const sink = collecting()
    const other = Buffer.concat([Buffer.from(padded(made)), Uint8Array.of(0x20), sealed])
    expectRight(await soledadCipher(secret).decrypt(key, bodyOf([other]), null, sink.take)(), 'another’s, read by us')
    expectBytes(sink.bytes(), noise(sizeBytes), 'another’s, read by us')
  })

  test.each(sizes)('a payload of %d bytes rests as it says', async (sizeBytes) => {
    const memory = newMemory()
    expectRight(await encryptedStore(memoryStore(memory), secret).write(recordOf('a'), bytesPayload(noise(sizeBytes)))(), 'write')
    const resting = memory.payloads.get('default/a') ?? NONE
    const atRest = hkdf(secret, NONE, 'blobsync at rest 1')
    expectBytes(readStreaming(atRest, 'default/a', resting), noise(sizeBytes), 'ours, read by another')
    const other = writeStreaming(atRest, 'default/a', noise(32), noise(7), noise(sizeBytes))
    memory.payloads.set('default/a', new Uint8Array(other))
    const read = expectRight(await encryptedStore(memoryStore(memory), secret).read(keyOf('a'))(), 'read')
    if (read._tag === 'None') throw new Error('a payload')
    expectBytes(expectRight(await read.value.read()(), 'another’s'), noise(sizeBytes), 'another’s, read by us')
  })

  test('an id made of content is what it says', async () => {
    const mac = createHmac('sha256', hkdf(secret, NONE, 'blobsync id 1'))
      .update('photos\0')
      .update(noise(100))
    expect(await streamingCipher(secret).contentId('photos', bytesPayload(noise(100)))()).toEqual(
      E.right(mac.digest('base64url')),
    )
  })

  test('a seal is what it says', async () => {
    const [name, keyId, header] = (await streamingCipher(secret).seal()).split('.')
    expect([name, keyId]).toEqual(['streaming1', hkdf(secret, NONE, 'blobsync key id 1').subarray(0, 8).toString('base64url')])
    expect(Buffer.from(header ?? '', 'base64url')).toMatchObject({ length: 40, 0: 40 })
  })

  test('its example is right', async () => {
    const text = await readFile(new URL('../../docs/format.md', import.meta.url), 'utf8')
    const block = /```\n(secret .*?)```/s.exec(text)?.[1] ?? ''
    const value = (name: string) =>
      new RegExp(`^${name.padEnd(16)}(.*(?:\n {16}.*)*)`, 'm').exec(block)?.[1]?.replaceAll(/\s/g, '') ?? `no ${name}`
    const hex = (name: string) => Buffer.from(value(name), 'hex')
    const main = hkdf(hex('secret'), NONE, 'blobsync streaming 1')
    expect(main.toString('hex')).toBe(value('main key'))
    expect(hkdf(main, hex('salt'), value('associated data')).toString('hex')).toBe(value('blob key'))
    const blob = writeStreaming(main, value('associated data'), hex('salt'), hex('nonce prefix'), NONE)
    expect(blob.toString('hex')).toBe(value('blob'))
    expect(padded(blob.subarray(-16))).toBe(value('tag'))
    const id = value('associated data').replace('photos/', '')
    expectRight(
      await streamingCipher(hex('secret')).decrypt(keyIn(id, 'photos'), bodyOf([blob]), value('tag'), collecting().take)(),
      'ours',
    )
  })
})
