import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { Tag } from '../model/wire'
import type { HttpCalls } from './http-calls'
import type { Answer } from './http-exchange'
import type { HttpUrls } from './http-urls'
import { readWhole } from './read-whole'
import { noPowers, saysNothing, type Download, type Remote, type RestOfBlob } from './remote'

export interface HttpDownloadsParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  /** Asked before each range, so that none ever goes to a server that did not say how it reads them. */
  readonly supports: Remote['supports']
}

/** What is taken of a body whose size nobody told: Soledad's largest blob, of which its servers may not tell it. */
const BLOB_BYTES_MAX = 2 ** 30 + 753

/**
 * Downloads, whole or from a byte to the end, and what there is to download. An original Soledad server is never asked for a range: it announces bytes that never come, and
 * can hold a blob locked until it is restarted.
 */
export const httpDownloads = ({ calls, urls, supports }: HttpDownloadsParts): Pick<Remote, 'get' | 'stat'> => {
  const ask = (key: BlobKey, signal: AbortSignal | undefined, range: Readonly<Record<string, string>> = {}) =>
    calls.open({
      method: 'GET',
      url: urls.blob(key),
      asked: `GET ${keyText(key)}`,
      // Ciphertext does not shrink, and compressed it would have another length than announced.
      headers: { 'Accept-Encoding': 'identity', ...range },
      signal,
    })

  const wholeIn = (answer: Answer): Download => {
    const sizeBytes = sizeIn(answer.headers)
    return { sizeBytes, tag: answer.headers.get('Tag'), body: calls.bodyOf(answer, sizeBytes, BLOB_BYTES_MAX) }
  }

  const whole = (key: BlobKey, signal: AbortSignal | undefined) => TE.map(wholeIn)(ask(key, signal))

  const rest = (key: BlobKey, from: RestOfBlob, signal: AbortSignal | undefined): TE.TaskEither<Failure, Download> =>
    pipe(
      ask(key, signal, { Range: `bytes=${from.byte}-` }),
      TE.orElse((reason) => (isOutOfRange(reason) ? TE.right(null) : TE.left(reason))),
      TE.flatMap((answer) => {
        if (answer?.status === 200) return TE.right(wholeIn(answer))
        if (answer === null || !isRestOf(from, answer.headers)) {
          answer?.watchdog.giveUp(failure('Aborted', 'The blob is another one by now.'))
          return whole(key, signal)
        }
        const body = calls.bodyOf(answer, from.sizeBytes - from.byte, 0)
        return TE.right({ fromByte: from.byte, sizeBytes: from.sizeBytes, tag: answer.headers.get('Tag'), body })
      }),
    )

  const ranges = (signal: AbortSignal | undefined) =>
    pipe(
      supports(signal === undefined ? {} : { signal }),
      TE.orElse((reason) => (saysNothing(reason) ? TE.right(noPowers) : TE.left(reason))),
      TE.map((powers) => powers.ranges),
    )

  const get: Remote['get'] = (key, { signal, from } = {}) =>
    from === undefined
      ? whole(key, signal)
      : pipe(
          ranges(signal),
          TE.flatMap((hasRanges) => (hasRanges ? rest(key, from, signal) : whole(key, signal))),
        )

  /** A HEAD is no request that Soledad knows: asked is the last byte, or all of them, which are not taken. */
  const stat: Remote['stat'] = (key, { signal } = {}) =>
    pipe(
      ranges(signal),
      TE.flatMap((hasRanges) => ask(key, signal, hasRanges ? { Range: 'bytes=-1' } : {})),
      TE.orElse((reason) => (isOutOfRange(reason) ? ask(key, signal) : TE.left(reason))),
      TE.flatMap((answer) => {
        const { body, ...found } = wholeIn(answer)
        const sizeBytes = answer.status === 206 ? sizeBehind(answer.headers) : found.sizeBytes
        const tag = Tag.is(found.tag) ? found.tag : null
        // One that is read to its end leaves the connection to others.
        return pipe(
          TE.fromTask<unknown, Failure>(() => (found.sizeBytes === 1 ? readWhole(body, 'Unreachable') : body.cancel())),
          TE.map(() => O.some({ id: key.id, sizeBytes, tag })),
        )
      }),
      TE.orElse((why) => (why._tag === 'NotFound' ? TE.right(O.none) : TE.left(why))),
    )

  return { get, stat }
}

/** The size of all of a blob of which a part came. */
const sizeBehind = (headers: Headers): number | null => {
  const size = Number(/\/(\d+)$/.exec(headers.get('Content-Range') ?? '')?.[1])
  return Number.isSafeInteger(size) ? size : null
}

const isOutOfRange = (reason: Failure): boolean => reason._tag === 'ServerError' && reason.status === 416

/** Whether a part of a blob is all that is missing, and of the same blob. */
const isRestOf = ({ byte, sizeBytes, tag }: RestOfBlob, headers: Headers): boolean => {
  const told = headers.get('Tag')
  return (
    headers.get('Content-Range') === `bytes ${byte}-${sizeBytes - 1}/${sizeBytes}` &&
    (headers.get('Content-Encoding') ?? 'identity') === 'identity' &&
    (tag === null || told === null || told === tag)
  )
}

/** Null where the length is not told, or is that of a compressed form. */
const sizeIn = (headers: Headers): number | null => {
  const length = headers.get('Content-Length') ?? ''
  const isPlain = (headers.get('Content-Encoding') ?? 'identity') === 'identity'
  return isPlain && /^\d+$/.test(length) && Number.isSafeInteger(Number(length)) ? Number(length) : null
}
