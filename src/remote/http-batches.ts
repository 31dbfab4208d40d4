import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { textBytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import { checkBatch } from './check-batch'
import type { HttpCalls, UploadTimeout } from './http-calls'
import type { HttpUrls } from './http-urls'
import { whereThereIs } from './http-powers'
import { bodyFailureOf } from './read-whole'
import { inPieces } from './sendable'
import type { BatchPower, Received, Remote } from './remote'
import { frameParser, uploadFrames, type FrameParser } from './stream-frames'
import { unlessAborted } from './unless-aborted'

export interface HttpBatchesParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  readonly uploadTimeoutMs: UploadTimeout
  /** Asked before each batch, so that no stream ever goes to a server that did not say it can take it. */
  readonly supports: Remote['supports']
}

/** Batches by the streams of Soledad’s API, from a server that takes them as a whole. */
export const httpBatches = ({ calls, urls, uploadTimeoutMs, supports }: HttpBatchesParts): BatchPower => {
  const whenSupported = (signal: AbortSignal | undefined) => whereThereIs(supports, 'batches', signal)

  return {
    put: (namespace, blobs, { signal } = {}) =>
      blobs.length === 0
        ? unlessAborted(signal, () => E.right(undefined))
        : pipe(
            TE.fromEither(checkBatch(blobs)),
            TE.tap(() => whenSupported(signal)),
            TE.map(uploadFrames),
            TE.flatMap((body) =>
              calls.send({
                method: 'POST',
                url: urls.stream('upload', namespace),
                asked: `POST ${blobs.length} blobs to ${namespace}`,
                headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(body.length) },
                body: inPieces(body),
                signal,
                creates: true,
                timeoutMs: uploadTimeoutMs(body.length),
              }),
            ),
          ),

    get: (namespace, ids, { signal, bytesMax }) =>
      ids.length === 0
        ? unlessAborted(signal, () => E.right([]))
        : pipe(
            whenSupported(signal),
            TE.flatMap(() =>
              calls.open({
                method: 'POST',
                url: urls.stream('download', namespace),
                asked: `POST for ${ids.length} blobs of ${namespace}`,
                // Ciphertext does not shrink.
                headers: { 'Content-Type': 'application/json', 'Accept-Encoding': 'identity' },
                body: textBytes(JSON.stringify(ids)),
                signal,
              }),
            ),
            // The frames set the limit: whatever goes beyond them ends the call.
            TE.map((answer) => calls.bodyOf(answer, null, Infinity)),
            TE.flatMap((body) => () => receive(body, ids.length, bytesMax)),
          ),
  }
}

/** A connection that fails spoils only what had not come; a server that sends something else is not believed at all. */
const receive = async (
  body: ReadableStream<Uint8Array>,
  count: number,
  bytesMax: number,
): Promise<E.Either<Failure, readonly E.Either<Failure, Received>[]>> => {
  const frames = frameParser(count, bytesMax)
  const ended = await feed(frames, body)
  const came = frames.received.map((blob) => E.right(blob))
  if (E.isRight(ended)) return E.right(came)
  if (ended.left._tag !== 'Unreachable' || came.length === 0) return ended
  return E.right([...came, ...Array.from({ length: count - came.length }, () => ended)])
}

/** Right if the body brought all frames, and no more. */
const feed = async (frames: FrameParser, body: ReadableStream<Uint8Array>): Promise<E.Either<Failure, void>> => {
  const reader = body.getReader()
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const taken = frames.take(part.value)
      if (E.isRight(taken)) continue
      await reader.cancel()
      return taken
    }
    return frames.end()
  } catch (thrown) {
    return E.left(bodyFailureOf(thrown, 'Unreachable'))
  }
}
