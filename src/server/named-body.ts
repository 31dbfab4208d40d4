import * as E from 'fp-ts/Either'
import { PREAMBLE_CHARACTERS, readPreamble, SEPARATOR } from '../cipher/preamble'
import { concatenated } from '../model/bytes'
import type { BlobId } from '../model/ids'
import { BodyRefused } from './refusal'

const HEAD_BYTES = PREAMBLE_CHARACTERS + 1

/** How the two schemes of preambles begin. */
const beginnings: ReadonlySet<string> = new Set(['EzcB', 'EzcC'])

/**
 * The bytes of a blob as they come, unless they begin with a preamble that does not bear its id: then the blobs around it are most
 * likely cut at wrong places. Blobs of other formats pass.
 *
 * @throws {BodyRefused} `Misnamed`, before the first byte.
 */
export async function* namedBody(id: BlobId, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | null = new Uint8Array()
  for await (const piece of body) {
    if (head === null) {
      yield piece
      continue
    }
    head = head.length === 0 ? piece : concatenated(head, piece)
    if (head.length < HEAD_BYTES) continue
    check(id, head)
    yield head
    head = null
  }
  if (head === null) return
  check(id, head)
  yield head
}

const check = (id: BlobId, head: Uint8Array) => {
  if (!beginnings.has(String.fromCharCode(...head.subarray(0, 4)))) return
  const preamble = readPreamble(head.subarray(0, Math.max(0, head.indexOf(SEPARATOR))))
  if (E.isLeft(preamble) || preamble.right.id !== id) throw new BodyRefused({ _tag: 'Misnamed', id })
}
