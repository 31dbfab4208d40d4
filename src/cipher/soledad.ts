import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { failure, type Failure } from '../model/failure'
import { CREATED_ID_CHARACTERS_MAX, type BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import { Tag } from '../model/wire'
import { textBytes } from '../model/bytes'
import type { Cipher } from './cipher'
import { webGcm, type GcmEngine } from './gcm'
import { nodeGcm } from './gcm-node'
import { contentIds, macOf } from './keys'
import { FIRST_BYTE, sizeField } from './preamble'
import { newSeal, readSeal, sealText } from './seal'
import { decryptBlob } from './soledad-decrypt'
import { encryptBlob, OVERHEAD_BYTES } from './soledad-encrypt'
import { sourceOf } from './source'
import { webCrypto } from './web-crypto'

/** The format has no size for more. */
const PLAINTEXT_BYTES_MAX = 2 ** 30 - 1

/** What a Soledad secret has before the part that keys blobs. */
const UNUSED_SECRET_BYTES = 64

/**
 * The format of Soledad's blobs, 0.10: AES-256-GCM under HMAC-SHA-256(secret[64:], id), everything before the ciphertext
 * authenticated. Streams in Node; elsewhere it holds a blob in memory, as WebCrypto takes whole messages only, and takes 64 MiB at
 * most: more is `TooLarge`.
 *
 * The format does not bind a blob to its namespace: a server can move one between two namespaces of one secret.
 *
 * @param secret Soledad's remote secret, 512 random bytes; copied.
 * @throws {RangeError} if it has 64 bytes or fewer: Soledad would then encrypt with a key that everybody knows.
 * @throws {TypeError} in a page that came over plain HTTP, where browsers have no WebCrypto.
 */
export const soledadCipher = (secret: Uint8Array): Cipher => soledadCipherWith(bestEngine(), secret)

/** `soledadCipher` on an engine of one's choice; internal, for tests. */
export const soledadCipherWith = (engine: GcmEngine, secret: Uint8Array): Cipher => {
  if (secret.length <= UNUSED_SECRET_BYTES) {
    throw new RangeError(`A Soledad secret has more than ${UNUSED_SECRET_BYTES} bytes, this one has ${secret.length}.`)
  }
  const own = new Uint8Array(secret)
  const beginMac = engine.mac(own.slice(UNUSED_SECRET_BYTES))
  const keyOf = (id: string) => macOf(beginMac, textBytes(id))
  const isWhole = engine.bytesMax < PLAINTEXT_BYTES_MAX
  const plaintextBytesMax = isWhole ? engine.bytesMax : PLAINTEXT_BYTES_MAX
  const tooLarge = failure(
    'TooLarge',
    `This device encrypts and decrypts at most ${plaintextBytesMax} bytes at once in Soledad’s format. Node takes more; so does the streaming cipher.`,
  )

  return {
    name: 'soledad',
    plaintextBytesMax,
    encryptedBytesMax: plaintextBytesMax + OVERHEAD_BYTES,
    encryptedSize: (plaintextBytes) => plaintextBytes + OVERHEAD_BYTES,
    seal: async () => sealText(newSeal()),
    recognises: (firstByte) => firstByte === FIRST_BYTE,
    encrypt: (key, seal, payload) => async () => {
      const size = withinLimits(key, payload)
      if (E.isLeft(size)) return size
      if (payload.sizeBytes > plaintextBytesMax) return E.left(tooLarge)
      const read = readSeal(seal)
      if (E.isLeft(read)) return read
      const given = { key: await keyOf(key.id), id: key.id, seal: read.right, sizeField: size.right }
      return withinMemory(() => encryptBlob(engine, given, payload))
    },
    decrypt: (key, body, claim, sink) => async () => {
      const source = sourceOf(body, plaintextBytesMax + OVERHEAD_BYTES, isWhole ? tooLarge : undefined)
      try {
        if (claim !== null && !Tag.is(claim)) return E.left(failure('Tampered', 'The remote claims a tag that is none.'))
        return await withinMemory(() => decryptBlob(engine, { id: key.id, keyOf, claim }, source, sink))
      } finally {
        source.cancel()
      }
    },
    contentId: contentIds(engine, own),
  }
}

const bestEngine = (): GcmEngine =>
  pipe(
    nodeGcm(),
    O.getOrElse(() => webGcm(webCrypto())),
  )

/** Memory that cannot be had is told by a `RangeError`, and by WebCrypto as something that it could not do. */
const withinMemory = async <A>(run: () => Promise<E.Either<Failure, A>>): Promise<E.Either<Failure, A>> => {
  try {
    return await run()
  } catch (thrown) {
    if (!(thrown instanceof Error) || !/^(Range|Operation)Error$/.test(thrown.name)) throw thrown
    return E.left(failure('TooLarge', 'The blob does not fit into the memory of this device.'))
  }
}

const withinLimits = ({ id }: BlobKey, payload: Payload): E.Either<Failure, number> =>
  id.length > CREATED_ID_CHARACTERS_MAX
    ? E.left(failure('TooLarge', `A Soledad blob's id has at most ${CREATED_ID_CHARACTERS_MAX} characters when it is encrypted.`))
    : E.fromOption(() => failure('TooLarge', 'A Soledad blob is smaller than 1 GiB.'))(sizeField(payload.sizeBytes))
