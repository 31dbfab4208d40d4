import * as E from 'fp-ts/Either'
import type { Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { encodeBase64url } from './base64url'
import type { Decrypted, Sink } from './cipher'
import { segmentCutter } from './segment-cutter'
import type { BlobKeys, SegmentKey } from './segment-engine'
import { headerBytes, layoutOf, nonceOf, saltIn, SEGMENT_TAG_BYTES, type Format } from './segments'
import type { Source } from './source'

/** A main key that a blob may be encrypted with. */
export interface MainKey {
  readonly id: string
  readonly blobKeys: BlobKeys
}

/** A blob whose key is known. */
export interface Opened {
  readonly mainKey: MainKey
  readonly header: Bytes
  readonly key: SegmentKey
}

export interface Opening {
  readonly format: Format
  /** The associated data. */
  readonly info: Bytes
  /** Tried in this order: a blob does not tell its key. */
  readonly mainKeys: readonly MainKey[]
  /** The tag that the remote claims, of the right form; null if none. */
  readonly claim: string | null
  /** What was opened before, and the segment to go on with; null: the source begins with the header. */
  readonly from: { readonly opened: Opened; readonly index: number } | null
  /** Told when all segments before this one were verified and taken. */
  readonly onVerified: (opened: Opened, nextIndex: number) => void
}

const tampered = (message: string): E.Either<Failure, never> => E.left(failure('Tampered', message))

/** Decrypts segment after segment into the sink, which gets none before its tag was verified. */
export const decryptSegments = async (
  { format, info, mainKeys, claim, from, onVerified }: Opening,
  source: Source,
  sink: Sink,
): Promise<E.Either<Failure, Decrypted>> => {
  const cut = segmentCutter(source, format.segmentBytes)
  let opened = from?.opened ?? null
  let index = from?.index ?? 0
  let sizeBytes = layoutOf(format).start(index)
  for (;;) {
    const segment = await cut()
    if (E.isLeft(segment)) return segment
    const { bytes, isLast } = segment.right
    if (bytes.length === 0) return E.left(failure('Unreachable', 'The transfer ended before it began.'))
    const tag = isLast ? encodeBase64url(bytes.subarray(-SEGMENT_TAG_BYTES), true) : ''
    if (isLast && claim !== null && claim !== tag) return tampered('The blob does not end in the tag that the remote claims.')

    let plaintext: Bytes | null = null
    if (opened !== null) plaintext = await opened.key.open(nonceOf(opened.header, index, isLast), bytes)
    else {
      const headEnd = headerBytes(format)
      const header = bytes.slice(0, headEnd)
      for (const mainKey of bytes[0] === headEnd ? mainKeys : []) {
        const key = await mainKey.blobKeys(saltIn(header), info)
        plaintext = await key.open(nonceOf(header, 0, isLast), bytes.subarray(headEnd))
        if (plaintext === null) continue
        opened = { mainKey, header, key }
        break
      }
    }
    if (plaintext === null || opened === null) {
      return tampered(`Segment ${index} does not verify: it was altered, or made for another id, secret or cipher.`)
    }

    sizeBytes += plaintext.length
    if (plaintext.length > 0) {
      const sunk = await sink(plaintext)()
      if (E.isLeft(sunk)) return sunk
    }
    if (isLast) return E.right({ sizeBytes, tag, isExternal: false })
    index += 1
    onVerified(opened, index)
  }
}
