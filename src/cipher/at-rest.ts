import type { Either } from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
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
import { headerBytes, layoutOf, newHeader, nonceOf, saltIn, type Format } from './segments'

/** Encrypts payloads for a store, in the format of blobs but under a key of its own. */
export interface AtRest {
  /** The content as it shall rest, encrypted as it is read. Each call encrypts it in another way. */
  readonly sealed: (key: BlobKey, payload: Payload) => Payload
  /** The content of what rests. `Corrupt` if it cannot be one; what does not verify is `Corrupt` when it is read. */
  readonly opened: (key: BlobKey, payload: Payload) => Either<Failure, Payload>
  /** Encrypts a content that comes in pieces. */
  readonly pieces: (key: BlobKey) => PieceSealer
  /** How many encrypted bytes hold the beginning of a content; null where no segment ends there. */
  readonly sizeOfBeginning: (plaintextBytes: number) => number | null
  /**
   * Goes on after the beginning of a content. `none` where its last segment does not verify: it was made with another secret, or altered.
   *
   * @param read Reads what rests.
   */
  readonly morePieces: (key: BlobKey, plaintextBytes: number, read: Read) => TE.TaskEither<Failure, O.Option<PieceSealer>>
}

type Read = (from: number, to: number) => TE.TaskEither<Failure, Bytes>

export interface PieceSealer {
  /** @returns the encrypted bytes that are ready: of segments that are full and not the last. */
  readonly add: (piece: Uint8Array) => Promise<Bytes>
  /** @returns the rest; nothing the second time. Rejects where nothing came after all was made ready. */
  readonly finish: () => Promise<Bytes>
  /** Makes all of the first so many bytes ready. @returns what of them was not yet; null where no segment ends there, or fewer came. */
  readonly cut: (plaintextBytes: number) => Promise<Bytes | null>
}

export const atRest = (engine: SegmentEngine, format: Format, secret: Bytes): AtRest => {
  let made: Promise<BlobKeys> | undefined
  const keyOf = async (header: Bytes, key: BlobKey) => {
    made ??= deriveKey(engine, secret, 'blobsync at rest 1').then((mainKey) => engine.blobKeys(format, mainKey))
    return (await made)(saltIn(header), textBytes(keyText(key)))
  }
  /** Whose key is derived when it is first needed. */
  const newSealing = (key: BlobKey, header = newHeader(format)): (() => Promise<Sealing>) => {
    let sealing: Promise<Sealing> | undefined
    return () => (sealing ??= keyOf(header, key).then((made) => ({ format, header, key: made })))
  }
  const { start, indexOf } = layoutOf(format)
  return {
    sealed: (key, payload) => sealedPayload(format, newSealing(key), payload),
    opened: (key, payload) => openedPayload({ format, keyOf: (header) => keyOf(header, key) }, payload),
    pieces: (key) => pieceSealer(format, newSealing(key), 0),
    sizeOfBeginning: (plaintextBytes) => {
      const index = indexOf(plaintextBytes)
      return index > 0 && start(index) === plaintextBytes ? index * format.segmentBytes : null
    },
    morePieces: (key, plaintextBytes, read) => {
      const index = indexOf(plaintextBytes)
      const headBytes = headerBytes(format)
      const last = { from: Math.max(headBytes, (index - 1) * format.segmentBytes), to: index * format.segmentBytes }
      return pipe(
        TE.Do,
        TE.bind('head', () => read(0, headBytes)),
        TE.bind('segment', () => read(last.from, last.to)),
        TE.chain(({ head, segment }) =>
          TE.fromTask(async () => {
            const sealing = newSealing(key, head)
            const plaintext = await (await sealing()).key.open(nonceOf(head, index - 1, false), segment)
            return plaintext === null ? O.none : O.some(pieceSealer(format, sealing, index))
          }),
        ),
      )
    },
  }
}

const pieceSealer = (format: Format, sealing: () => Promise<Sealing>, firstIndex: number): PieceSealer => {
  const { start, indexOf } = layoutOf(format)
  const segment = gathered(format.segmentBytes)
  let index = firstIndex
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
      if (index > 0 && segment.sizeBytes() === 0) throw new Error('Nothing came after what was kept')
      return joined(await seal(true))
    },
    cut: async (plaintextBytes) => {
      const target = indexOf(plaintextBytes)
      if (target === 0 || start(target) !== plaintextBytes) return null
      if (index >= target) return joined([])
      const isFull = index === target - 1 && segment.sizeBytes() === start(target) - start(index)
      return isFull ? joined(await seal(false)) : null
    },
  }
}
