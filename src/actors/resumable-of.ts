import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { saysNothing, type ResumablePower } from '../remote/remote'
import type { Attempt } from './tools'

/** A remote may be about to come up that cannot say what it takes; after so many attempts it is not. */
const ATTEMPTS_PATIENT = 3

/** What takes blobs in parts; null where nothing does. A remote that speaks well of blobs and not of itself is given none. */
export const resumableOf = ({ tools: { remote }, record, signal }: Attempt): TE.TaskEither<Failure, ResumablePower | null> => {
  const { resumable } = remote
  if (resumable === undefined) return TE.right(null)
  return pipe(
    remote.supports({ signal }),
    TE.map(({ resumableUploads }) => (resumableUploads ? resumable : null)),
    TE.orElse((reason) => {
      // One that has begun an upload has said so once.
      const hasSaid = record.status === 'PENDING_UPLOAD' && record.upload !== null
      const isLost = reason._tag === 'ServerError' && record.attempts >= ATTEMPTS_PATIENT && !hasSaid
      return isLost || saysNothing(reason) ? TE.right(null) : TE.left(reason)
    }),
  )
}
