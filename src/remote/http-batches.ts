import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Clock } from '../clock'
import { textBytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import { EACH_TYPE, EachStored } from '../model/wire'
import { checkBatch } from './check-batch'
import type { HttpCalls, UploadTimeout } from './http-calls'
import type { Answer } from './http-exchange'
import { failureOf } from './http-failure'
import { whereThereIs } from './http-powers'
import type { HttpUrls } from './http-urls'
import { bodyFailureOf } from './read-whole'
import type { BatchPower, Received, Remote, SmallBlob } from './remote'
import { inPieces } from './sendable'
import { frameParser, uploadFrames, type FrameParser } from './stream-frames'
import { unlessAborted } from './unless-aborted'

export interface HttpBatchesParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  readonly clock: Clock
  readonly uploadTimeoutMs: UploadTimeout
  /** Asked before each batch, so that no stream ever goes to a server that did not say it can take it. */
  readonly supports: Remote['supports']
}

/** What a server may take a batch for: ours answers for each blob, others for all of them. */
const Accept = `${EACH_TYPE}, */*;q=0.1`

/** Batches by the streams of Soledad’s API, from a server that takes them as a whole, or each blob for itself. */
export const httpBatches = ({ calls, urls, clock, uploadTimeoutMs, supports }: HttpBatchesParts): BatchPower => {
  const whenSupported = (signal: AbortSignal | undefined) => whereThereIs(supports, 'batches', signal)

  const answersIn = (
    answer: Answer,
    namespace: Namespace,
    blobs: readonly SmallBlob[],
  ): TE.TaskEither<Failure, readonly E.Either<Failure, void>[]> =>
    !isOfEach(answer)
      ? pipe(
          calls.drop(answer),
          TE.map(() => blobs.map(() => E.right(undefined))),
        )
      : pipe(
          calls.read(answer, {
            what: 'The remote’s answer to a batch',
            codec: EachStored,
            bytesMax: ANSWER_BYTES_MAX * blobs.length,
          }),
          TE.flatMapEither(
            E.fromPredicate(
              ({ length }) => length === blobs.length,
              (): Failure => failure('Corrupt', `The remote did not answer for each of ${blobs.length} blobs.`),
            ),
          ),
          TE.map((answers) =>
            blobs.map(({ id }, at) => {
              const refusal = answers[at] ?? null
              if (refusal === null) return E.right(undefined)
              const told = { asked: `PUT ${keyText({ namespace, id })}`, retryAfter: null, creates: true, isSession: false }
              return E.left(failureOf({ ...told, ...refusal }, clock.now()))
            }),
          ),
        )

  return {
    put: (namespace, blobs, { signal } = {}) =>
      blobs.length === 0
        ? unlessAborted(signal, () => E.right([]))
        : pipe(
            TE.fromEither(checkBatch(blobs)),
            TE.tap(() => whenSupported(signal)),
            TE.map(uploadFrames),
            TE.flatMap((body) =>
              calls.open({
                method: 'POST',
                url: urls.stream('upload', namespace),
                asked: `POST ${blobs.length} blobs to ${namespace}`,
                headers: { Accept, 'Content-Type': 'application/octet-stream', 'Content-Length': String(body.length) },
                body: inPieces(body),
                signal,
                creates: true,
                timeoutMs: uploadTimeoutMs(body.length),
              }),
            ),
            TE.flatMap((answer) => answersIn(answer, namespace, blobs)),
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
                headers: { Accept, 'Content-Type': 'application/json', 'Accept-Encoding': 'identity' },
                body: textBytes(JSON.stringify(ids)),
                signal,
              }),
            ),
            // The frames set the limit: whatever goes beyond them ends the call.
            TE.flatMap((answer) => () => {
              const frames = frameParser(ids.length, bytesMax, isOfEach(answer))
              return receive(calls.bodyOf(answer, null, Infinity), frames, namespace, ids)
            }),
          ),
  }
}

/** The text of one refusal, and what stands around it. */
const ANSWER_BYTES_MAX = 1024

const isOfEach = ({ headers }: Answer): boolean => headers.get('Content-Type') === EACH_TYPE

/** A connection that fails spoils only what had not come; a server that sends something else is not believed at all. */
const receive = async (
  body: ReadableStream<Uint8Array>,
  frames: FrameParser,
  namespace: Namespace,
  ids: readonly BlobId[],
): Promise<E.Either<Failure, readonly E.Either<Failure, Received>[]>> => {
  const ended = await feed(frames, body)
  const { received } = frames
  if (E.isLeft(ended) && (ended.left._tag !== 'Unreachable' || received.length === 0)) return ended
  return E.right(
    ids.map((id, at) => {
      const blob = received[at]
      if (blob === undefined && E.isLeft(ended)) return ended
      return E.fromNullable(missing({ namespace, id }))(blob)
    }),
  )
}

const missing = (key: BlobKey): Failure => failure('NotFound', `The remote does not hold ${keyText(key)}.`)

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
