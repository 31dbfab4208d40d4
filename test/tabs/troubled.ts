import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../../src/model/failure'
import type { Remote } from '../../src/remote/remote'

/** A remote whose calls fail when `trouble` says so: before they arrive, or after, when only the answer is lost. */
export const troubled = (remote: Remote, trouble: () => Failure | null): Remote => {
  const under =
    <A>(use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const before = trouble()
      if (before !== null) return E.left(before)
      const result = await use()
      const after = trouble()
      return after === null ? result : E.left(after)
    }
  return {
    ...remote,
    list: (request) => under(remote.list(request)),
    put: (key, upload) => under(remote.put(key, upload)),
    get: (key, options) => under(remote.get(key, options)),
    stat: (key, options) => under(remote.stat(key, options)),
    delete: (key, options) => under(remote.delete(key, options)),
  }
}
