import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { ChangesAnswer, DigestAnswer } from '../model/wire'
import { checkChanges, checkDigest } from './check-changes'
import type { HttpCalls } from './http-calls'
import { whereThereIs } from './http-powers'
import type { HttpUrls } from './http-urls'
import type { ChangesPower, Remote } from './remote'

export interface HttpChangesParts {
  readonly calls: HttpCalls
  readonly urls: HttpUrls
  readonly supports: Remote['supports']
  readonly timeoutMs: number
  readonly listBytesMax: number
}

/** The power `changes`, where the server says `Blob-Changes: feed`. */
export const httpChanges = ({ calls, urls, supports, timeoutMs, listBytesMax: bytesMax }: HttpChangesParts): ChangesPower => ({
  read: ({ since, limit, waitMs = 0, signal }) =>
    pipe(
      whereThereIs(supports, 'changes', signal),
      TE.flatMap(() =>
        calls.ask(
          {
            method: 'GET',
            url: urls.changes(since, {
              ...(limit === undefined ? {} : { limit: String(limit) }),
              ...(waitMs === 0 ? {} : { wait: String(Math.ceil(waitMs / 1000)) }),
            }),
            asked: 'GET changes',
            signal,
            timeoutMs: timeoutMs + waitMs,
          },
          { what: 'The remote’s feed', codec: ChangesAnswer, bytesMax },
        ),
      ),
      TE.flatMapEither((pages) => checkChanges(pages, since.length)),
    ),

  digest: (namespace, range, { signal } = {}) =>
    pipe(
      whereThereIs(supports, 'changes', signal),
      TE.flatMap(() =>
        calls.ask(
          { method: 'GET', url: urls.list(namespace, { digest: range }), asked: `GET digest of ${namespace}`, signal },
          { what: 'The remote’s digest', codec: DigestAnswer, bytesMax },
        ),
      ),
      TE.map(checkDigest),
    ),
})
