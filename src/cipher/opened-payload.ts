import * as E from 'fp-ts/Either'
import { joined, type Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import { payloadReadBy } from './sealed-payload'
import type { SegmentKey } from './segment-engine'
import { headerBytes, layoutOf, nonceOf, type Format } from './segments'

const damaged = E.left(failure('Corrupt', 'What is stored of the blob on this device does not verify.'))

/** The plaintext of encrypted bytes. A read decrypts the segments that it touches, and vouches for these alone. */
export const openedPayload = (
  { format, keyOf }: { readonly format: Format; readonly keyOf: (header: Bytes) => Promise<SegmentKey> },
  payload: Payload,
): E.Either<Failure, Payload> => {
  const { segmentBytes } = format
  const { start, indexOf, count, plaintextSize } = layoutOf(format)
  const headEnd = headerBytes(format)
  const sizeBytes = plaintextSize(payload.sizeBytes)
  if (Number.isNaN(sizeBytes)) return damaged
  const last = count(sizeBytes) - 1
  let opening: { readonly header: Bytes; readonly key: SegmentKey } | null = null
  /** A reader with other borders asks for each segment twice. */
  let latest: { readonly index: number; readonly bytes: Bytes } | null = null

  const segment = async (index: number): Promise<E.Either<Failure, Bytes>> => {
    if (latest?.index === index) return E.right(latest.bytes)
    const sealed = await payload.read(index * segmentBytes, Math.min((index + 1) * segmentBytes, payload.sizeBytes))()
    if (E.isLeft(sealed)) return sealed
    if (opening === null) {
      const head = index === 0 ? sealed : await payload.read(0, headEnd)()
      if (E.isLeft(head)) return head
      const header = head.right.slice(0, headEnd)
      if (header[0] !== headEnd) return damaged
      opening = { header, key: await keyOf(header) }
    }
    const { header, key } = opening
    const bytes = await key.open(nonceOf(header, index, index === last), sealed.right.subarray(index === 0 ? headEnd : 0))
    if (bytes === null) return damaged
    latest = { index, bytes }
    return E.right(bytes)
  }

  const read = async (from: number, to: number): Promise<E.Either<Failure, Bytes>> => {
    const parts: Bytes[] = []
    // Also that nothing is there has to verify.
    for (let index = indexOf(from); start(index) < to || (index === 0 && sizeBytes === 0); index++) {
      const bytes = await segment(index)
      if (E.isLeft(bytes)) return bytes
      parts.push(bytes.right.subarray(Math.max(0, from - start(index)), to - start(index)))
    }
    const [only] = parts
    return E.right(only !== undefined && parts.length === 1 ? only : joined(parts))
  }
  return E.right(payloadReadBy(read, sizeBytes, segmentBytes))
}
