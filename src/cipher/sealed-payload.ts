import * as E from 'fp-ts/Either'
import { joined, type Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import { segmentSealer, within, type Sealing } from './segment-encrypt'
import { layoutOf, type Format } from './segments'

type Read = (from: number, to: number) => Promise<E.Either<Failure, Bytes>>

/** A payload as its encrypted bytes, made as they are read. */
export const sealedPayload = (format: Format, sealing: () => Promise<Sealing>, payload: Payload): Payload => {
  const { segmentBytes } = format
  const sizeBytes = layoutOf(format).encryptedSize(payload.sizeBytes)

  const read: Read = async (from, to) => {
    const seal = segmentSealer(await sealing(), payload)
    const parts: Bytes[] = []
    for (let index = Math.floor(from / segmentBytes); index * segmentBytes < to; index++) {
      const sealed = await seal(index)
      if (E.isLeft(sealed)) return sealed
      parts.push(...within(sealed.right, from - index * segmentBytes, to - index * segmentBytes))
    }
    return E.right(joined(parts))
  }
  return { ...payloadReadBy(read, sizeBytes, segmentBytes), givesAway: true }
}

/** A payload whose `Blob` is made part after part, so that they need not all be in memory at once. */
export const payloadReadBy = (read: Read, sizeBytes: number, partBytes: number): Payload => ({
  sizeBytes,
  read:
    (from = 0, to = sizeBytes) =>
    () =>
      read(from, to),
  blob: () => async () => {
    const parts: Blob[] = []
    let from = 0
    do {
      const part = await read(from, Math.min(from + partBytes, sizeBytes))
      if (E.isLeft(part)) return part
      parts.push(new Blob([part.right]))
      from += partBytes
    } while (from < sizeBytes)
    return E.right(new Blob(parts))
  },
})
