import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import { encodeBase64url } from './base64url'
import { concatenated, textBytes, type Bytes } from '../model/bytes'
import type { Mac, MacEngine } from './mac'

const HASH_BYTES = 32

/** How much of a payload is read at a time. */
const SLICE_BYTES = 1024 * 1024

/** HKDF-SHA-256 (RFC 5869) with an empty salt; 32 bytes, one block of its expansion. */
export const deriveKey = async (engine: MacEngine, secret: Bytes, info: string): Promise<Bytes> => {
  // Section 2.2: a salt that is not given is a string of zeros.
  const pseudorandomKey = await macOf(engine.mac(new Uint8Array(HASH_BYTES)), secret)
  return macOf(engine.mac(pseudorandomKey), concatenated(textBytes(info), Uint8Array.of(1)))
}

/** The MAC of one message. */
export const macOf = async (begin: () => Mac, message: Bytes): Promise<Bytes> => {
  const mac = begin()
  mac.update(message)
  return mac.digest()
}

/** `Cipher.contentId` for a secret; its key is derived once. */
export const contentIds = (
  engine: MacEngine,
  secret: Bytes,
): ((namespace: string, payload: Payload) => TaskEither<Failure, string>) => {
  let beginning: Promise<() => Mac> | undefined
  return (namespace, payload) => async () => {
    beginning ??= deriveKey(engine, secret, 'blobsync id 1').then(engine.mac)
    const mac = (await beginning)()
    mac.update(concatenated(textBytes(namespace), Uint8Array.of(0)))
    for (let position = 0; position < payload.sizeBytes; position += SLICE_BYTES) {
      const slice = await payload.read(position, Math.min(position + SLICE_BYTES, payload.sizeBytes))()
      if (E.isLeft(slice)) return slice
      mac.update(slice.right)
    }
    return E.right(encodeBase64url(await mac.digest(), false))
  }
}
