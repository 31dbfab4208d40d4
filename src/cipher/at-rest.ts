import type { Either } from 'fp-ts/Either'
import { joined, owned, textBytes, type Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { Payload } from '../model/payload'
import { gathered } from './gathered'
import { deriveKey } from './keys'
import { openedPayload } from './opened-payload'
import { sealedPayload } from './sealed-payload'
import type { Sealing } from './segment-encrypt'
import type { BlobKeys, SegmentEngine } from './segment-engine'
import { layoutOf, newHeader, nonceOf, saltIn, type Format } from './segments'

/** Encrypts payloads for a store, in the format of blobs but under a key of its own. */
export interface AtRest {
  /** The content as it shall rest, encrypted as it is read. Each call encrypts it in another way. */
  readonly sealed: (key: BlobKey, payload: Payload) => Payload
  /** The content of what rests. `Corrupt` if it cannot be one; what does not verify is `Corrupt` when it is read. */
  readonly opened: (key: BlobKey, payload: Payload) => Either<Failure, Payload>
  /** Encrypts a content that comes in pieces. */
  readonly pieces: (key: BlobKey) => PieceSealer
}

export interface PieceSealer {
  /** @returns the encrypted bytes that are ready: of segments that are full and not the last. */
  readonly add: (piece: Uint8Array) => Promise<Bytes>
  /** @returns the rest; nothing the second time. */
  readonly finish: () => Promise<Bytes>
}

export const atRest = (engine: SegmentEngine, format: Format, secret: Bytes): AtRest => {
  let made: Promise<BlobKeys> | undefined
  const keyOf = async (header: Bytes, key: BlobKey) => {
    made ??= deriveKey(engine, secret, 'blobsync at rest 1').then((mainKey) => engine.blobKeys(format, mainKey))
    return (await made)(saltIn(header), textBytes(keyText(key)))
  }
  /** Whose key is derived when it is first needed. */
  const newSealing = (key: BlobKey): (() => Promise<Sealing>) => {
    const header = newHeader(format)
    let sealing: Promise<Sealing> | undefined
    return () => (sealing ??= keyOf(header, key).then((made) => ({ format, header, key: made })))
  }
  return {
    sealed: (key, payload) => sealedPayload(format, newSealing(key), payload),
    opened: (key, payload) => openedPayload({ format, keyOf: (header) => keyOf(header, key) }, payload),
    pieces: (key) => pieceSealer(format, newSealing(key)),
  }
}

const pieceSealer = (format: Format, sealing: () => Promise<Sealing>): PieceSealer => {
  const { start } = layoutOf(format)
  const segment = gathered(format.segmentBytes)
  let index = 0
  let isFinished = false

  const seal = async (isLast: boolean): Promise<readonly Bytes[]> => {
    const { header, key } = await sealing()
    const parts = await key.seal(nonceOf(header, index, isLast), segment.take())
    index += 1
    return index === 1 ? [header, ...parts] : parts
  }
  return {
    add: async (given) => {
      const ready: Bytes[] = []
      for (let piece = owned(given); piece.length > 0;) {
        // Only a byte beyond it shows that a segment is not the last.
        if (segment.sizeBytes() === start(index + 1) - start(index)) ready.push(...(await seal(false)))
        const missingBytes = start(index + 1) - start(index) - segment.sizeBytes()
        segment.add(piece.subarray(0, missingBytes))
        piece = piece.subarray(missingBytes)
      }
      return joined(ready)
    },
    finish: async () => {
      if (isFinished) return joined([])
      isFinished = true
      return joined(await seal(true))
    },
  }
}
