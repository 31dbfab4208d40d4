import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { BlobId } from '../model/ids'
import * as answers from './answers'
import type { Api } from './asked'
import type { Place } from './backend'
import { bodyReader } from './body-reader'
import type { Asked } from './exchange'
import { BLOB_BYTES_MIN, STREAM_LIST_BYTES_MAX, STREAMED_BYTES_MAX } from './limits'
import { namedBody } from './named-body'
import { parsed } from './parsed'
import type { Refusal } from './refusal'

/**
 * Takes a line of JSON, `[["id", bytes], …]`, and the blobs back to back; stores all of them or none. What comes after the last
 * is ignored.
 */
export const streamUpload = async (c: Asked, { backend, quotaBytes, blobBytesMax }: Api, { user, namespace }: Place) => {
  const reader = bodyReader(c.req.raw, c.env)
  try {
    const list = parsed(AnnouncedList, await reader.line(STREAM_LIST_BYTES_MAX))
    if (E.isLeft(list)) return answers.text(400, 'The first line is a JSON list of ids and sizes.')
    const refusal = refusalOf(list.right, blobBytesMax)
    if (refusal !== null) return answers.refused(refusal)

    const uploads = list.right.map(([id, sizeBytes]) => ({
      namespace,
      id,
      sizeBytes,
      body: namedBody(id, reader.take(sizeBytes)),
    }))
    const stored = await backend.put({ user, quotaBytes }, uploads)()
    return E.isLeft(stored) ? answers.refused(stored.left) : answers.empty()
  } finally {
    void reader.discard()
  }
}

const isSize = (n: number) => Number.isSafeInteger(n) && n >= 0
const Size = t.refinement(t.number, isSize, 'Size')
const AnnouncedList = t.readonlyArray(t.tuple([BlobId, Size]))

/** What is wrong with a list on its own, before anyone asks what is stored. */
const refusalOf = (list: t.TypeOf<typeof AnnouncedList>, blobBytesMax: number): Refusal | null => {
  const seen = new Set<BlobId>()
  for (const [id, sizeBytes] of list) {
    if (sizeBytes < BLOB_BYTES_MIN) return { _tag: 'TooShort' }
    if (sizeBytes > Math.min(blobBytesMax, STREAMED_BYTES_MAX)) return { _tag: 'TooLarge' }
    if (seen.has(id)) return { _tag: 'Exists', id }
    seen.add(id)
  }
  return null
}
