import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { textBytes, type Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { Tag } from '../model/wire'
import { encodeBase64url } from './base64url'
import type { Checkpoint, Cipher, Resume } from './cipher'
import { contentIds, deriveKey } from './keys'
import { decryptSegments, type MainKey, type Opened } from './segment-decrypt'
import { encryptSegments } from './segment-encrypt'
import type { SegmentEngine } from './segment-engine'
import { bestSegments } from './segment-engine-node'
import { BLOB_FORMAT, headerBytes, layoutOf, newHeader, saltIn, type Format } from './segments'
import { sourceOf } from './source'
import { readStreamingSeal, streamingSealText } from './streaming-seal'

export interface StreamingCipherOptions {
  /**
   * Secrets from before a rotation, the latest first. What was encrypted with them is opened, and what was put with them is sent as it was
   * to be; what is put from now on goes with the new one. Ids made of content are made with the new one, too. @default none
   */
  readonly olderSecrets?: readonly Uint8Array[]
}

const SECRET_BYTES_MIN = 32
const KEY_ID_BYTES = 8

/**
 * The format of blobsync: Tink's AES-GCM-HKDF streaming AEAD in segments of 1 MiB, bound to namespace and id. It holds a few segments in memory,
 * however large the blob; each is verified before it goes on. docs/format.md specifies it.
 *
 * @param secret At least 32 random bytes; copied.
 * @throws {RangeError} if a secret is shorter.
 */
export const streamingCipher = (secret: Uint8Array, options: StreamingCipherOptions = {}): Cipher =>
  streamingCipherWith(bestSegments(), BLOB_FORMAT, secret, options)

/** `streamingCipher` on an engine and in a format of one's choice; internal, for tests. */
export const streamingCipherWith = (
  engine: SegmentEngine,
  format: Format,
  secret: Uint8Array,
  { olderSecrets = [] }: StreamingCipherOptions = {},
): Cipher => {
  const own = copyOf(secret)
  const older = olderSecrets.map(copyOf)
  const { plaintextBytesMax, encryptedSize, start } = layoutOf(format)
  const encryptedBytesMax = encryptedSize(plaintextBytesMax)
  const mainKeyOf = async (each: Bytes): Promise<MainKey> => ({
    id: encodeBase64url((await deriveKey(engine, each, 'blobsync key id 1')).subarray(0, KEY_ID_BYTES), false),
    blobKeys: engine.blobKeys(format, await deriveKey(engine, each, 'blobsync streaming 1')),
  })
  let made: Promise<readonly [MainKey, ...MainKey[]]> | undefined
  const mainKeys = () => (made ??= Promise.all([mainKeyOf(own), ...older.map(mainKeyOf)]))

  /** What a seal stands for. */
  const openedBy = async (key: BlobKey, text: string): Promise<E.Either<Failure, Opened>> => {
    const seal = readStreamingSeal(format, text)
    if (O.isNone(seal)) return E.left(failure('Corrupt', 'The record holds a seal that the streaming cipher did not write.'))
    const { keyId, header } = seal.value
    const mainKey = (await mainKeys()).find(({ id }) => id === keyId)
    return mainKey === undefined
      ? E.left(failure('Corrupt', 'The blob was put with another secret: give it to the cipher as an older one.'))
      : E.right({ mainKey, header, key: await mainKey.blobKeys(saltIn(header), infoOf(key)) })
  }

  const beginning = async (key: BlobKey, from: Checkpoint | null | undefined) => {
    if (from === null || from === undefined) return E.right(null)
    const index = from.encryptedBytes / format.segmentBytes
    if (!Number.isInteger(index) || index < 1 || from.plaintextBytes !== start(index)) {
      return E.left(failure('Corrupt', 'The record holds a place that is none of the streaming cipher.'))
    }
    return E.map((opened: Opened) => ({ opened, index }))(await openedBy(key, from.seal))
  }

  const tell =
    (resume: Resume) =>
    ({ mainKey, header }: Opened, index: number) =>
      resume.onCheckpoint({
        seal: streamingSealText({ keyId: mainKey.id, header }),
        encryptedBytes: index * format.segmentBytes,
        plaintextBytes: start(index),
      })

  return {
    name: 'streaming',
    plaintextBytesMax,
    encryptedBytesMax,
    encryptedSize,
    seal: async () => streamingSealText({ keyId: (await mainKeys())[0].id, header: newHeader(format) }),
    recognises: (firstByte) => firstByte === headerBytes(format),
    canResume: (seal) => O.isSome(readStreamingSeal(format, seal)),
    encrypt: (key, seal, payload, range) => async () => {
      if (payload.sizeBytes > plaintextBytesMax) return E.left(failure('TooLarge', 'No blob of this cipher is that large.'))
      const opened = await openedBy(key, seal)
      if (E.isLeft(opened)) return opened
      return encryptSegments({ format, ...opened.right }, engine.atOnce, payload, range)
    },
    decrypt: (key, body, claim, sink, resume) => async () => {
      const source = sourceOf(body, encryptedBytesMax)
      try {
        if (claim !== null && !Tag.is(claim)) return E.left(failure('Tampered', 'The remote claims a tag that is none.'))
        const from = await beginning(key, resume?.from)
        if (E.isLeft(from)) return from
        const opening = { format, info: infoOf(key), mainKeys: await mainKeys(), claim, from: from.right }
        return await decryptSegments({ ...opening, onVerified: resume === undefined ? () => {} : tell(resume) }, source, sink)
      } finally {
        source.cancel()
      }
    },
    contentId: contentIds(engine, own),
  }
}

const infoOf = (key: BlobKey): Bytes => textBytes(keyText(key))

const copyOf = (secret: Uint8Array): Bytes => {
  if (secret.length >= SECRET_BYTES_MIN) return new Uint8Array(secret)
  throw new RangeError(`A secret has at least ${SECRET_BYTES_MIN} random bytes, this one has ${secret.length}.`)
}
