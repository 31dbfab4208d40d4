import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failure, serverError, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import type { HttpCalls, UploadTimeout } from './http-calls'
import { whereThereIs } from './http-powers'
import type { HttpUrls } from './http-urls'
import type { Remote, ResumablePower } from './remote'

export interface HttpUploadsParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  readonly uploadTimeoutMs: UploadTimeout
  /** Asked before each creation, so that none ever goes to a server that did not say it can take it. */
  readonly supports: Remote['supports']
}

const TUS = { 'Tus-Resumable': '1.0.0' }

/**
 * Uploads in parts by tus 1.0: creation, offset, termination (https://tus.io/protocols/resumable-upload). A session is the upload’s URL, which
 * stays on the server’s own origin: the token goes there.
 */
export const httpUploads = ({ calls, urls, uploadTimeoutMs, supports }: HttpUploadsParts): ResumablePower => {
  const offset: ResumablePower['offset'] = (session, { signal } = {}) =>
    pipe(
      own(session, urls.root),
      TE.flatMap((url) =>
        calls.headersOf({ method: 'HEAD', url, asked: 'HEAD of an upload', headers: TUS, signal, isSession: true }),
      ),
      TE.flatMapEither(offsetIn),
    )

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
              'Upload-Length': String(sizeBytes),
              'Upload-Metadata': `namespace ${btoa(key.namespace)},id ${btoa(key.id)}`,
            },
            signal,
            creates: true,
          }),
        ),
        TE.flatMapEither((headers) => sessionIn(headers, urls)),
      ),

    append: (session, { at, bytes, signal }) =>
      pipe(
        own(session, urls.root),
        TE.flatMap((url) =>
          calls.headersOf({
            method: 'PATCH',
            url,
            asked: `PATCH of an upload at byte ${at}`,
            headers: { ...TUS, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(at) },
            body: bytes,
            signal,
            isSession: true,
            timeoutMs: uploadTimeoutMs(bytes.length),
          }),
        ),
        TE.flatMapEither(offsetIn),
        TE.orElse((reason) =>
          isWrongOffset(reason) ? offset(session, signal === undefined ? {} : { signal }) : TE.left(reason),
        ),
      ),

    end: (session, { signal } = {}) =>
      pipe(
        own(session, urls.root),
        TE.flatMap((url) =>
          calls.send({ method: 'DELETE', url, asked: 'DELETE of an upload', headers: TUS, signal, isSession: true }),
        ),
        TE.orElse((reason) => (reason._tag === 'NotFound' ? TE.right(undefined) : TE.left(reason))),
      ),
  }
}

/** A session of another server than this remote’s is none: the token does not go there. */
const own = (session: string, root: string): TE.TaskEither<Failure, string> =>
  isOnOriginOf(root, session) ? TE.right(session) : TE.left(failure('NotFound', 'The upload was begun at another server.'))

const isOnOriginOf = (root: string, url: string): boolean => URL.canParse(url) && new URL(url).origin === new URL(root).origin

const sessionIn = (headers: Headers, { root, uploads }: HttpUrls): E.Either<Failure, string> => {
  const location = headers.get('Location') ?? ''
  const url = location !== '' && URL.canParse(location, uploads) ? new URL(location, uploads).href : ''
  return isOnOriginOf(root, url)
    ? E.right(url)
    : E.left(serverError(`The server names “${location.slice(0, 200)}” as the upload’s Location: not one of its own URLs.`, 201))
}

const offsetIn = (headers: Headers): E.Either<Failure, number> => {
  const text = headers.get('Upload-Offset') ?? ''
  const bytes = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(bytes)
    ? E.right(bytes)
    : E.left(serverError('The server does not say how much of the upload has arrived, by Upload-Offset.', 200))
}

/** An id that is taken is `Exists` by its text; any other 409 is about the offset. */
const isWrongOffset = (reason: Failure): boolean => reason._tag === 'ServerError' && reason.status === 409
