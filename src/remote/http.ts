import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { systemClock, type Clock } from '../clock'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey, type Namespace } from '../model/ids'
import { Count, decode, IdList, Tag } from '../model/wire'
import { tokenAccess, type TokenSource } from './access'
import { checkEntries, type CheckedEntries } from './check-entries'
import { guardedBody } from './guarded-body'
import { exchangeOver, finish, type Answer, type Request } from './http-exchange'
import { readWhole } from './read-whole'
import { noPowers, type Download, type Remote } from './remote'
import { uploadBody } from './upload-body'

export interface HttpRemoteOptions {
  /** The server's root, as in `https://blobs.example.org/`; what lies under its path, if it has one. */
  readonly url: string
  readonly user: string
  /** The user's token; or what gets one from the app: called when first needed, and again by `refreshAccess`. */
  readonly token: TokenSource
  /**
   * The longest wait for the headers of an answer, in milliseconds; uploads get 1 ms more for each 16 bytes, which a line of
   * 128 kbit/s keeps up with. @default 30_000
   */
  readonly timeoutMs?: number
  /** How long a body may bring no byte, in milliseconds. @default 30_000 */
  readonly stallMs?: number
  /** The longest list, in bytes. @default 64 MiB */
  readonly listBytesMax?: number
  /** @default the global one */
  readonly fetch?: typeof globalThis.fetch
  /** @default the real time */
  readonly clock?: Clock
}

/** The largest blob of the format: a plaintext below 1 GiB, and 753 bytes around it. */
const BLOB_BYTES_MAX = 2 ** 30 + 753

const UPLOAD_BYTES_PER_MS_MIN = 16

const COUNT_BYTES_MAX = 1024

const ACCEPT_LIST = 'application/vnd.blobsync.list+json, application/json;q=0.9, */*;q=0.1'

/**
 * A server that speaks the blobs part of Soledad's HTTP API.
 *
 * Redirects are not followed, so that the token never travels to another server: they count as `ServerError`.
 *
 * @throws {TypeError} for a URL that is none or has a query, and for a user with other characters than `[A-Za-z0-9_-]`.
 */
export const httpRemote = (options: HttpRemoteOptions): Remote => {
  const { user, token, timeoutMs = 30_000, stallMs = 30_000, listBytesMax = 64 * 2 ** 20, clock = systemClock } = options
  const blobsUrl = blobsUrlOf(options.url, user)
  const access = tokenAccess(user, token)
  const exchange = exchangeOver({
    access,
    clock,
    timeoutMs,
    stallMs,
    fetch: options.fetch ?? ((...call) => globalThis.fetch(...call)),
  })

  const ask =
    (request: Request): TE.TaskEither<Failure, Answer> =>
    () =>
      exchange(request)

  const urlOf = ({ namespace, id }: BlobKey) => `${blobsUrl}${encodeURIComponent(id)}?namespace=${encodeURIComponent(namespace)}`

  const listOf = (namespace: Namespace, query: string, signal: AbortSignal | undefined): TE.TaskEither<Failure, CheckedEntries> =>
    pipe(
      ask({
        method: 'GET',
        url: `${blobsUrl}?namespace=${encodeURIComponent(namespace)}${query}`,
        asked: `GET list of ${namespace}`,
        headers: { Accept: ACCEPT_LIST },
        signal,
      }),
      TE.flatMap((answer) => () => readWhole(bodyOf(answer, null, listBytesMax), 'Unreachable')),
      TE.flatMapEither((bytes) => E.flatMap(parsed(bytes), (message) => decode(IdList, 'The remote’s list', message))),
      TE.map(checkEntries),
    )

  const bodyOf = ({ body, watchdog }: Answer, sizeBytes: number | null, bytesMax: number) =>
    guardedBody(body ?? emptyBody(), watchdog, { stallMs, sizeBytes, bytesMax })

  const open = (key: BlobKey, signal: AbortSignal | undefined): TE.TaskEither<Failure, Download> =>
    pipe(
      // Ciphertext does not shrink, and compressed it would have another length than announced.
      ask({ method: 'GET', url: urlOf(key), asked: `GET ${keyText(key)}`, headers: { 'Accept-Encoding': 'identity' }, signal }),
      TE.map((answer) => {
        const sizeBytes = sizeIn(answer.headers)
        return { sizeBytes, tag: answer.headers.get('Tag'), body: bodyOf(answer, sizeBytes, BLOB_BYTES_MAX) }
      }),
    )

  return {
    supports: TE.right(noPowers),

    count: (namespace, { signal } = {}) =>
      pipe(
        ask({
          method: 'GET',
          url: `${blobsUrl}?namespace=${encodeURIComponent(namespace)}&only_count=True`,
          asked: `GET count of ${namespace}`,
          signal,
        }),
        TE.flatMap((answer) => () => readWhole(bodyOf(answer, null, COUNT_BYTES_MAX), 'Unreachable')),
        TE.flatMapEither((bytes) => E.flatMap(parsed(bytes), (message) => decode(Count, 'The remote’s count', message))),
        TE.map(({ count }) => count),
      ),

    list: ({ namespace, signal }) =>
      pipe(
        TE.Do,
        TE.bind('live', () => listOf(namespace, '', signal)),
        TE.bind('deleted', () => listOf(namespace, '&deleted=True', signal)),
        TE.map(({ live, deleted }) => ({
          entries: live.entries,
          tombstones: deleted.entries.map((entry) => entry.id),
          corrupt: [...live.corrupt, ...deleted.corrupt],
          next: null,
        })),
      ),

    put: (key, upload) => async () => {
      const { content, sourceFailure, drop } = uploadBody(upload)
      const wrong = sourceFailure()
      if (wrong !== null) return E.left(wrong)
      const taken = await exchange({
        method: 'PUT',
        url: urlOf(key),
        asked: `PUT ${keyText(key)}`,
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(upload.sizeBytes) },
        body: content,
        signal: upload.signal,
        timeoutMs: timeoutMs + Math.ceil(upload.sizeBytes / UPLOAD_BYTES_PER_MS_MIN),
      })
      drop()
      if (E.isLeft(taken)) return E.left(sourceFailure() ?? taken.left)
      await finish(taken.right, stallMs)
      if (content instanceof Uint8Array) upload.onProgress?.(upload.sizeBytes)
      return E.right(undefined)
    },

    get: (key, { signal } = {}) => open(key, signal),

    stat: (key, { signal } = {}) =>
      pipe(
        open(key, signal),
        TE.flatMap(({ body, sizeBytes, tag }) =>
          pipe(
            // A HEAD is no request that Soledad knows.
            TE.fromTask(() => body.cancel()),
            TE.map(() => O.some({ id: key.id, sizeBytes, tag: Tag.is(tag) ? tag : null })),
          ),
        ),
        TE.orElse((why) => (why._tag === 'NotFound' ? TE.right(O.none) : TE.left(why))),
      ),

    delete: (key, { signal } = {}) =>
      pipe(
        ask({ method: 'DELETE', url: urlOf(key), asked: `DELETE ${keyText(key)}`, signal }),
        TE.flatMap((answer) => TE.fromTask(() => finish(answer, stallMs))),
      ),

    refreshAccess: () => access.refresh,
  }
}

const blobsUrlOf = (url: string, user: string): string => {
  if (!/^[A-Za-z0-9_-]+$/.test(user))
    throw new TypeError('A user has the characters A–Z, a–z, 0–9, “_” and “-”, and at least one.')
  const { protocol, origin, pathname, search, hash } = new URL(url)
  if (!/^https?:$/.test(protocol) || search !== '' || hash !== '')
    throw new TypeError('A remote’s URL is http or https, without a query.')
  return `${origin}${pathname.replace(/\/*$/, '')}/blobs/${user}/`
}

const parsed = (bytes: Uint8Array): E.Either<Failure, unknown> =>
  E.tryCatch(
    () => JSON.parse(new TextDecoder().decode(bytes)),
    () => failure('Corrupt', 'The remote’s list is no JSON.'),
  )

/** Null where the length is not told, or is that of a compressed form. */
const sizeIn = (headers: Headers): number | null => {
  const length = headers.get('Content-Length') ?? ''
  const isPlain = (headers.get('Content-Encoding') ?? 'identity') === 'identity'
  return isPlain && /^\d+$/.test(length) && Number.isSafeInteger(Number(length)) ? Number(length) : null
}

const emptyBody = (): ReadableStream<Uint8Array<ArrayBuffer>> => new ReadableStream({ start: (controller) => controller.close() })
