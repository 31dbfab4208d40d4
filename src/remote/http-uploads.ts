import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failure, serverError, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import type { HttpCalls, UploadTimeout } from './http-calls'
import type { Request } from './http-exchange'
import { whereThereIs } from './http-powers'
import type { HttpUrls } from './http-urls'
import type { CallOptions, Remote, ResumablePower, UploadPart } from './remote'
import { inPieces } from './sendable'

export interface HttpUploadsParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  readonly uploadTimeoutMs: UploadTimeout
  /** Asked before each creation, so that none ever goes to a server that did not say it can take it. */
  readonly supports: Remote['supports']
}

const TUS = { 'Tus-Resumable': '1.0.0' }
const PART_TYPE = 'application/offset+octet-stream'

/**
 * Uploads in parts by tus 1.0: creation, offset, termination (https://tus.io/protocols/resumable-upload). A session is the upload’s URL, which
 * stays on the server’s own origin: the token goes there.
 */
export const httpUploads = ({ calls, urls, uploadTimeoutMs, supports }: HttpUploadsParts): ResumablePower => {
  const { origin } = new URL(urls.root)
  const isOwn = (url: string): boolean => URL.canParse(url) && new URL(url).origin === origin

  /** A session of another server is none. */
  const ask = (method: Request['method'], session: string, { signal }: CallOptions, part?: UploadPart) =>
    isOwn(session)
      ? calls.headersOf({
          method,
          url: session,
          asked: `${method} of an upload`,
          headers:
            part === undefined
              ? TUS
              : { ...TUS, 'Content-Type': PART_TYPE, 'Content-Length': `${part.bytes.length}`, 'Upload-Offset': `${part.at}` },
          signal,
          isSession: true,
          ...(part === undefined ? {} : { body: inPieces(part.bytes), timeoutMs: uploadTimeoutMs(part.bytes.length) }),
        })
      : TE.left(failure('NotFound', 'The upload was begun at another server.'))

  const offset: ResumablePower['offset'] = (session, options = {}) =>
    pipe(ask('HEAD', session, options), TE.flatMapEither(offsetIn))

  const sessionIn = (headers: Headers): E.Either<Failure, string> => {
    const location = headers.get('Location') ?? ''
    const url = location !== '' && URL.canParse(location, urls.uploads) ? new URL(location, urls.uploads).href : ''
    return isOwn(url) ? E.right(url) : E.left(serverError(`The server’s Location is not its own: “${location}”.`, 201))
  }

  return {
    offset,

    create: (key, { sizeBytes, signal }) =>
      pipe(
        whereThereIs(supports, 'resumableUploads', signal),
        TE.flatMap(() =>
          calls.headersOf({
            method: 'POST',
            url: urls.uploads,
            asked: `POST upload of ${keyText(key)}`,
            headers: {
              ...TUS,
              'Upload-Length': `${sizeBytes}`,
              'Upload-Metadata': `namespace ${btoa(key.namespace)},id ${btoa(key.id)}`,
            },
            signal,
            creates: true,
          }),
        ),
        TE.flatMapEither(sessionIn),
      ),

    append: (session, part) =>
      pipe(
        ask('PATCH', session, part, part),
        TE.flatMapEither(offsetIn),
        TE.orElse((reason) => (isWrongOffset(reason) ? offset(session, part) : TE.left(reason))),
      ),

    end: (session, options = {}) =>
      pipe(
        ask('DELETE', session, options),
        TE.map(() => undefined),
        TE.orElse((reason) => (reason._tag === 'NotFound' ? TE.right(undefined) : TE.left(reason))),
      ),
  }
}

const offsetIn = (headers: Headers): E.Either<Failure, number> => {
  const text = headers.get('Upload-Offset') ?? ''
  const bytes = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(bytes)
    ? E.right(bytes)
    : E.left(serverError('The server tells no Upload-Offset.', 200))
}

/** An id that is taken is `Exists` by its text; any other 409 is about the offset. */
const isWrongOffset = (reason: Failure): boolean => reason._tag === 'ServerError' && reason.status === 409
