import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import type { HttpCalls } from './http-calls'
import type { Answer } from './http-exchange'
import type { HttpUrls } from './http-urls'
import { noPowers, saysNothing, type Download, type DownloadOptions, type Remote, type RestOfBlob } from './remote'

export interface HttpDownloadsParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  /** Asked before each range, so that none ever goes to a server that did not say how it reads them. */
  readonly supports: Remote['supports']
}

/** What is taken of a body whose size nobody told: Soledad's largest blob, of which its servers may not tell it. */
const BLOB_BYTES_MAX = 2 ** 30 + 753

/**
 * Downloads, whole or from a byte to the end. An original Soledad server is never asked for a range: it announces bytes that never come, and
 * can hold a blob locked until it is restarted.
 */
export const httpDownloads = ({ calls, urls, supports }: HttpDownloadsParts): Remote['get'] => {
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

  return (key, { signal, from }: DownloadOptions = {}) =>
    from === undefined
      ? whole(key, signal)
      : pipe(
          supports(signal === undefined ? {} : { signal }),
          TE.orElse((reason) => (saysNothing(reason) ? TE.right(noPowers) : TE.left(reason))),
          TE.flatMap(({ ranges }) => (ranges ? rest(key, from, signal) : whole(key, signal))),
        )
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
