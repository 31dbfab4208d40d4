import * as E from 'fp-ts/Either'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { streamingCipher } from '../../src/cipher/streaming'
import { textBytes } from '../../src/model/bytes'
import { bodyOf, collecting, noise } from '../../src/testing/cipher-bytes'
import { encryptedBy, keyIn } from './streaming-ground'

const secret = noise(512)
const key = keyIn('a-blob')

describe('without node:crypto', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test.each([undefined, {}, { getBuiltinModule: () => undefined }])(
    'and with process = %j, WebCrypto is used',
    async (process) => {
      const bytes = await encryptedBy(streamingCipher(secret), key, textBytes('content'))
      vi.stubGlobal('process', process)
      const cipher = streamingCipher(secret)
      const sink = collecting()
      const done = await cipher.decrypt(key, bodyOf([bytes]), null, sink.take)()
      vi.unstubAllGlobals()
      expect(E.isRight(done)).toBe(true)
      expect(new TextDecoder().decode(sink.bytes())).toBe('content')
    },
  )
})

test('in a page that came over plain HTTP, the streaming cipher says why it cannot work', () => {
  vi.stubGlobal('process', undefined)
  vi.stubGlobal('crypto', {})
  expect(() => streamingCipher(secret)).toThrow('https')
  vi.unstubAllGlobals()
})
