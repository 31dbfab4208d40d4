import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { isInBrowser } from '../model/platform'
import { bodyFailureOf } from './read-whole'
import { untilAborted } from './unless-aborted'

/** What a request can carry. */
export type Sendable = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | Blob

/** Bytes in the form that this platform sends at once: Chromium takes ten times as long for megabytes that come as an array as for a `Blob` of them. */
const atOnce = (bytes: Uint8Array<ArrayBuffer>): Sendable => (isInBrowser ? new Blob([bytes]) : bytes)

/** A body in the form that this platform sends: a stream, which browsers send over HTTP/2 alone, if at all, becomes a `Blob` there, which may be kept on disk. */
export const sendable = (
  content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): TaskEither<Failure, Sendable> =>
  content instanceof Uint8Array
    ? async () => E.right(atOnce(content))
    : isInBrowser
      ? untilAborted(signal, async () => {
          try {
            return E.right(await new Response(content).blob())
          } catch (thrown) {
            return E.left(bodyFailureOf(thrown, 'Corrupt'))
          }
        })
      : async () => E.right(content)

const PIECE_BYTES = 1024 * 1024

/** Bytes in the form that costs least to send: Node's `fetch` copies them whole unless they come as a stream, which then needs its `Content-Length`. */
export const inPieces = (bytes: Uint8Array<ArrayBuffer>): Sendable => {
  if (isInBrowser) return atOnce(bytes)
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (at < bytes.length) controller.enqueue(bytes.subarray(at, (at += PIECE_BYTES)))
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
