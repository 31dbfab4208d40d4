import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { systemClock, type Clock } from '../clock'
import type { Failure } from '../model/failure'
import { keyText, type Namespace } from '../model/ids'
import { Count } from '../model/wire'
import { tokenAccess, type TokenSource } from './access'
import { checkCount } from './check-count'
import { entryChecker, type CheckedEntries } from './check-entries'
import { httpBatches } from './http-batches'
import { callsOver, type UploadTimeout } from './http-calls'
import { httpChanges } from './http-changes'
import { httpDownloads } from './http-downloads'
import { httpFlags } from './http-flags'
import { httpPowers } from './http-powers'
import { httpUploads } from './http-uploads'
import { httpUrls } from './http-urls'
import { readItems } from './read-items'
import type { Remote } from './remote'
import { sendable } from './sendable'
import { uploadBody } from './upload-body'

export interface HttpRemoteOptions {
  /** The server's root, as in `https://blobs.example.org/`; what lies under its path, if it has one. */
  readonly url: string
  readonly user: string
  /** The user's token; or what gets one from the app: called when first needed, and again by `refreshAccess`. */
  readonly token: TokenSource
  /**
   * The longest wait for the headers of an answer, in milliseconds; uploads get more, by `bytesPerSecondMin`. @default 30_000
   */
  readonly timeoutMs?: number
  /**
   * The rate that a line keeps up with at least: what is sent has as much longer to be answered. No platform tells how much of a request has left.
   * @default 16_000, that is 128 kbit/s
   */
  readonly bytesPerSecondMin?: number
  /** How long a body may bring no byte, in milliseconds. @default 30_000 */
  readonly stallMs?: number
  /** The longest list, in bytes. @default 64 MiB */
  readonly listBytesMax?: number
  /** @default the global one */
  readonly fetch?: typeof globalThis.fetch
  /** @default the real time */
  readonly clock?: Clock
}

const COUNT_BYTES_MAX = 1024

const ACCEPT_LIST = 'application/vnd.blobsync.list+json, application/json;q=0.9, */*;q=0.1'

/**
 * A server that speaks the blobs part of Soledad's HTTP API. What else it can do it is asked at its root, without the token.
 *
 * Redirects are not followed, so that the token never travels to another server: they count as `ServerError`.
 *
 * @throws {TypeError} for a URL that is none or has a query, and for a user with other characters than `[A-Za-z0-9_-]`.
 */
export const httpRemote = (options: HttpRemoteOptions): Remote => {
  const {
    user,
    token,
    timeoutMs = 30_000,
    bytesPerSecondMin = 16_000,
    stallMs = 30_000,
    listBytesMax = 64 * 2 ** 20,
    clock = systemClock,
  } = options
  const urls = httpUrls(options.url, user)
  const access = tokenAccess(user, token)
  const calls = callsOver({
    access,
    clock,
    timeoutMs,
    stallMs,
    fetch: options.fetch ?? ((...call) => globalThis.fetch(...call)),
  })
  const uploadTimeoutMs: UploadTimeout = (sizeBytes) => timeoutMs + Math.ceil((sizeBytes / bytesPerSecondMin) * 1000)
  const supports = httpPowers(calls, urls.root)

  const listOf = (
    url: string,
    namespace: Namespace,
    signal: AbortSignal | undefined,
  ): TE.TaskEither<Failure, CheckedEntries & { readonly feed: string | null }> =>
    pipe(
      calls.open({ method: 'GET', url, asked: `GET list of ${namespace}`, headers: { Accept: ACCEPT_LIST }, signal }),
      TE.flatMap((answer) => {
        const checker = entryChecker()
        return pipe(
          () => readItems(calls.bodyOf(answer, null, listBytesMax), 'The remote’s list', checker.add),
          TE.map(() => ({ ...checker.end(), feed: answer.headers.get('Blob-Cursor') })),
        )
      }),
    )

  return {
    supports,
    changes: httpChanges({ calls, urls, supports, timeoutMs, listBytesMax }),
    flags: httpFlags(calls, urls, listBytesMax),
    batches: httpBatches({ calls, urls, clock, uploadTimeoutMs, supports }),
    resumable: httpUploads({ calls, urls, uploadTimeoutMs, supports }),

    list: ({ namespace, signal }) =>
      pipe(
        TE.Do,
        TE.bind('live', () => listOf(urls.list(namespace), namespace, signal)),
        TE.bind('deleted', () => listOf(urls.list(namespace, { deleted: 'True' }), namespace, signal)),
        TE.map(({ live, deleted }) => ({
          entries: live.entries,
          tombstones: deleted.entries.map((entry) => entry.id),
          corrupt: [...live.corrupt, ...deleted.corrupt],
          next: null,
          ...(live.feed === null ? {} : { feed: live.feed }),
        })),
      ),

    count: (namespace, { signal } = {}) =>
      pipe(
        calls.ask(
          { method: 'GET', url: urls.list(namespace, { only_count: 'True' }), asked: `GET count of ${namespace}`, signal },
          { what: 'The remote’s count', codec: Count, bytesMax: COUNT_BYTES_MAX },
        ),
        TE.flatMapEither(({ count }) => checkCount(count)),
      ),

    put: (key, upload) => async () => {
      const { content, sourceFailure, drop } = uploadBody(upload)
      const wrong = sourceFailure()
      if (wrong !== null) return E.left(wrong)
      const taken = await pipe(
        sendable(content, upload.signal),
        TE.flatMap((body) =>
          calls.send({
            method: 'PUT',
            url: urls.blob(key),
            asked: `PUT ${keyText(key)}`,
            headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(upload.sizeBytes) },
            body,
            signal: upload.signal,
            creates: true,
            timeoutMs: uploadTimeoutMs(upload.sizeBytes),
          }),
        ),
      )()
      drop()
      if (E.isLeft(taken)) return E.left(sourceFailure() ?? taken.left)
      if (content instanceof Uint8Array) upload.onProgress?.(upload.sizeBytes)
      return taken
    },

    ...httpDownloads({ calls, urls, supports }),

    delete: (key, { signal } = {}) =>
      calls.send({ method: 'DELETE', url: urls.blob(key), asked: `DELETE ${keyText(key)}`, signal }),

    refreshAccess: () => access.refresh,
  }
}
