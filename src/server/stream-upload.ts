import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { BlobId } from '../model/ids'
import * as answers from './answers'
import { wantsEach, type Api } from './asked'
import type { Place } from './backend'
import { bodyReader } from './body-reader'
import type { Asked } from './exchange'
import { BLOB_BYTES_MIN, STREAM_LIST_BYTES_MAX, STREAMED_BYTES_MAX } from './limits'
import { namedBody } from './named-body'
import { parsed } from './parsed'
import type { Refusal } from './refusal'

/**
 * Takes a line of JSON, `[["id", bytes], …]`, and the blobs back to back; stores all of them or none, or each for itself where an answer for
 * each is asked for. What comes after the last is ignored.
 */
export const streamUpload = async (c: Asked, { backend, quotaBytes, blobBytesMax }: Api, { user, namespace }: Place) => {
  const reader = bodyReader(c.req.raw, c.env)
  try {
    const list = parsed(AnnouncedList, await reader.line(STREAM_LIST_BYTES_MAX))
    if (E.isLeft(list)) return answers.text(400, 'The first line is a JSON list of ids and sizes.')
    const refusals = refusalsOf(list.right, blobBytesMax)
    const uploads = list.right.map(([id, sizeBytes], at) => {
      let unreadBytes = sizeBytes
      const body = async function* () {
        for await (const piece of reader.take(sizeBytes)) {
          unreadBytes -= piece.length
          yield piece
        }
      }
      const skip = () => reader.skip(unreadBytes)
      return { namespace, id, sizeBytes, body: namedBody(id, body()), refusal: refusals[at] ?? null, skip }
    })
    const owner = { user, quotaBytes }
    if (backend.putEach !== undefined && wantsEach(c)) {
      const stored = await backend.putEach(owner, uploads)()
      return E.isLeft(stored) ? answers.refused(stored.left) : answers.each(stored.right)
    }
    const refusal = refusals.find((one) => one !== null)
    if (refusal !== undefined) return answers.refused(refusal)
    const stored = await backend.put(owner, uploads)()
    return E.isLeft(stored) ? answers.refused(stored.left) : answers.empty()
  } finally {
    void reader.discard()
  }
}

const isSize = (n: number) => Number.isSafeInteger(n) && n >= 0
const Size = t.refinement(t.number, isSize, 'Size')
const AnnouncedList = t.readonlyArray(t.tuple([BlobId, Size]))

/** What is wrong with each of a list on its own, before anyone asks what is stored. */
const refusalsOf = (list: t.TypeOf<typeof AnnouncedList>, blobBytesMax: number): readonly (Refusal | null)[] => {
  const seen = new Set<BlobId>()
  return list.map(([id, sizeBytes]) => {
    const isAgain = seen.has(id)
    seen.add(id)
    if (sizeBytes < BLOB_BYTES_MIN) return { _tag: 'TooShort' }
    if (sizeBytes > Math.min(blobBytesMax, STREAMED_BYTES_MAX)) return { _tag: 'TooLarge' }
    return isAgain ? { _tag: 'Exists', id } : null
  })
}
