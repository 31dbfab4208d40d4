import { encodeBase64url } from '../../src/cipher/base64url'
import type { Cipher } from '../../src/cipher/cipher'
import type { Bytes } from '../../src/model/bytes'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { bytesPayload } from '../../src/model/payload'
import { wholeOf } from '../../src/testing/cipher-bytes'
import { expectRight } from '../../src/testing/expect'

export const keyIn = (id: string, namespace = 'default'): BlobKey => expectRight(blobKey(id, namespace), 'a key')

/** The seal of a cipher's own key with a given header. */
export const sealWith = async (cipher: Cipher, header: Uint8Array): Promise<string> =>
  `${(await cipher.seal()).split('.').slice(0, 2).join('.')}.${encodeBase64url(header, false)}`

export const encryptedBy = async (cipher: Cipher, key: BlobKey, plaintext: Bytes, seal?: string): Promise<Bytes> =>
  wholeOf(expectRight(await cipher.encrypt(key, seal ?? (await cipher.seal()), bytesPayload(plaintext))(), 'encrypt').body)
