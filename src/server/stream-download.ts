import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { joined, textBytes } from '../model/bytes'
import { BlobId } from '../model/ids'
import { NO_FRAME } from '../model/wire'
import * as answers from './answers'
import { wantsEach, type Api } from './asked'
import type { Place, ServerBackend, StoredBytes } from './backend'
import { wholeBody } from './body'
import { talliedStream, type Asked } from './exchange'
import { STREAM_LIST_BYTES_MAX, STREAMED_BYTES_MAX } from './limits'
import { parsed } from './parsed'

/**
 * Takes a JSON list of ids and sends these blobs, each as size, tag, a space and its bytes; or nothing if one is missing. Where an answer for each is
 * asked for, one that is missing leaves the others alone.
 */
export const streamDownload = async (c: Asked, { backend }: Api, place: Place): Promise<Response> => {
  const ids = parsed(t.readonlyArray(BlobId), await wholeBody(c.req.raw, STREAM_LIST_BYTES_MAX, c.env))
  if (E.isLeft(ids)) return answers.text(400, 'The body is a JSON list of ids.')
  if (wantsEach(c)) return answers.streamOfEach(talliedStream(streamOf(inOne(eachOf(backend, place, ids.right))), c.env))
  const missing = await backend.firstMissing(place, ids.right)
  if (missing !== null) return answers.refused({ _tag: 'Missing', id: missing })
  return answers.stream(talliedStream(streamOf(framesOf(backend, place, ids.right)), c.env))
}

const streamOf = (pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void>) =>
  new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const step = await pieces.next()
        if (step.done === true) controller.close()
        else controller.enqueue(step.value)
      },
      cancel: async () => {
        await pieces.return()
      },
    },
    { highWaterMark: 0 },
  )

/** A blob goes out in pieces of so many bytes. */
const PIECE_BYTES = 16_384

const SPACE = Uint8Array.of(0x20)

/** Soledad's client reads a stream right only if each of these comes in an HTTP chunk of its own. */
async function* framesOf(backend: ServerBackend, place: Place, ids: readonly BlobId[]) {
  for (const id of ids) {
    const stored = await backend.read({ ...place, id })()
    if (E.isLeft(stored)) throw new Error('A blob was deleted before its turn in a stream.')
    const { sizeBytes, tag, body } = stored.right
    try {
      if (sizeBytes > STREAMED_BYTES_MAX) throw new Error('A blob in a stream is larger than its size can tell.')
      yield textBytes(sizeBytes.toString(16).padStart(8, '0'))
      yield textBytes(tag)
      yield SPACE
      yield* piecesOf(body)
    } finally {
      if (body instanceof ReadableStream) await body.cancel()
    }
  }
}

/** The same for who reads it however it is cut. */
async function* eachOf(backend: ServerBackend, place: Place, ids: readonly BlobId[]) {
  for (const id of ids) {
    const stored = await backend.read({ ...place, id })()
    if (E.isLeft(stored) || stored.right.sizeBytes > STREAMED_BYTES_MAX) {
      if (E.isRight(stored) && stored.right.body instanceof ReadableStream) await stored.right.body.cancel()
      yield textBytes(NO_FRAME)
      continue
    }
    const { sizeBytes, tag, body } = stored.right
    yield textBytes(`${sizeBytes.toString(16).padStart(8, '0')}${tag} `)
    if (body instanceof Uint8Array) yield body
    else yield* body
  }
}

/** Small pieces go out together: each that goes alone costs both sides more than its bytes. */
const GATHERED_BYTES = 256 * 1024

async function* inOne(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>) {
  let gathered: Uint8Array<ArrayBuffer>[] = []
  let gatheredBytes = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    gatheredBytes += piece.length
    if (gatheredBytes < GATHERED_BYTES) continue
    yield joined(gathered)
    gathered = []
    gatheredBytes = 0
  }
  if (gatheredBytes > 0) yield joined(gathered)
}

async function* piecesOf(body: StoredBytes['body']) {
  // The pieces of a file are of one size, of which this one is a part.
  for await (const bytes of body instanceof Uint8Array ? [body] : body)
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}
