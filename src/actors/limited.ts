import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Clock } from '../clock'
import { failure, type Failure } from '../model/failure'
import { passedOn } from '../model/streams'
import type { Download, Remote } from '../remote/remote'

/** The most that may pass, in bytes per second of encrypted bytes; absent: as much as can. */
export interface Bandwidth {
  readonly upBytesPerSecond?: number
  readonly downBytesPerSecond?: number
}

/**
 * A remote that sends and fetches no more bytes than it may, all transfers together. What must go in one piece goes at once and is waited for
 * afterwards, so that the rate holds on average: a batch, a part of an upload.
 *
 * @throws {RangeError} if a rate is not above 0.
 */
export const limited = (remote: Remote, { upBytesPerSecond, downBytesPerSecond }: Bandwidth, clock: Clock): Remote => {
  if (upBytesPerSecond === undefined && downBytesPerSecond === undefined) return remote
  for (const rate of [upBytesPerSecond, downBytesPerSecond])
    if (rate !== undefined && !(rate > 0)) throw new RangeError(`A bandwidth is above 0 bytes per second, not ${rate}.`)
  const up = meter(upBytesPerSecond ?? Infinity, clock)
  const down = meter(downBytesPerSecond ?? Infinity, clock)
  const { batches, resumable } = remote

  const sent = <A>(bytes: number, signal: AbortSignal | undefined, send: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    pipe(
      up.turn(bytes, signal),
      TE.chain(() => send),
    )

  return {
    ...remote,
    put: (key, upload) =>
      upload.body instanceof Uint8Array
        ? sent(upload.sizeBytes, upload.signal, remote.put(key, upload))
        : remote.put(key, { ...upload, body: metered(upload.body, up, upload.signal) }),
    get: (key, options = {}) =>
      pipe(
        remote.get(key, options),
        TE.map((given): Download => ({ ...given, body: metered(given.body, down, options.signal) })),
      ),
    ...(resumable === undefined
      ? {}
      : {
          resumable: {
            ...resumable,
            append: (session, part) => sent(part.bytes.length, part.signal, resumable.append(session, part)),
          },
        }),
    ...(batches === undefined
      ? {}
      : {
          batches: {
            put: (namespace, blobs, options = {}) =>
              sent(
                blobs.reduce((sum, { bytes }) => sum + bytes.length, 0),
                options.signal,
                batches.put(namespace, blobs, options),
              ),
            get: (namespace, ids, options) =>
              pipe(
                down.turn(0, options.signal),
                TE.chain(() => batches.get(namespace, ids, options)),
                TE.map((received) => {
                  for (const each of received) if (E.isRight(each)) down.pass(each.right.bytes.length)
                  return received
                }),
              ),
          },
        }),
  }
}

interface Meter {
  /** Waits until what passed before is paid for, and then lets these bytes pass. */
  readonly turn: (bytes: number, signal: AbortSignal | undefined) => TE.TaskEither<Failure, void>
  /** Notes bytes that have passed. */
  readonly pass: (bytes: number) => void
}

const meter = (bytesPerSecond: number, clock: Clock): Meter => {
  let freeAtMs = 0
  const pass = (bytes: number) => {
    freeAtMs = Math.max(freeAtMs, clock.now()) + (bytes * 1000) / bytesPerSecond
  }
  return {
    pass,
    turn: (bytes, signal) => async () => {
      const waitMs = freeAtMs - clock.now()
      // Whoever comes next waits for these bytes, too.
      pass(bytes)
      if (waitMs <= 0 || (await waited(waitMs, signal, clock))) return E.right(undefined)
      pass(-bytes)
      return E.left(failure('Aborted', 'The call was aborted.'))
    },
  }
}

/** @returns false as soon as the signal fires. */
const waited = (ms: number, signal: AbortSignal | undefined, clock: Clock): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(false)
    const abort = () => {
      clock.clearTimeout(timer)
      resolve(false)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve(true)
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })

/** The same bytes, each piece when its turn has come. Whoever called it off learns so from the source. */
const metered = (
  source: ReadableStream<Uint8Array>,
  { turn }: Meter,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> => passedOn(source, (piece) => turn(piece.length, signal)())
