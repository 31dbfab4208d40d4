import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobRecord } from '../model/record'
import type { ResumablePower } from '../remote/remote'
import { announced } from './announced'
import { writeUnlessAborted, type Attempt } from './tools'

/** Where an upload in parts stands. */
export interface Session {
  readonly session: string
  /** Encrypted bytes that have arrived. */
  readonly at: number
}

/**
 * The session that the record names, with what has arrived, or a new one, which is written before it is used. One that has expired is none; nor is one
 * of another account, or one that has more bytes than the blob.
 */
export const resumeSession = (attempt: Attempt, power: ResumablePower, totalBytes: number): TE.TaskEither<Failure, Session> => {
  const { tools, record, signal } = attempt
  return pipe(
    // An attempt that was called off has told nobody of the session that it began.
    tools.inOrder([record], announced(tools.store, record)),
    TE.chain((known) => {
      attempt.record = known
      if (known.upload === null) return TE.right(null)
      const { session } = known.upload
      return pipe(
        power.offset(session, { signal }),
        TE.map((at) => (at > totalBytes ? null : { session, at })),
        TE.orElse((reason) => (isOver(reason) ? TE.right(null) : TE.left(reason))),
      )
    }),
    TE.chain((found) => (found === null ? newSession(attempt, power, totalBytes) : TE.right(found))),
  )
}

const isOver = ({ _tag }: Failure): boolean => _tag === 'NotFound' || _tag === 'Forbidden'

/** Begins a session, which is in the record on disk before the first part leaves. One that could not be written is ended. */
export const newSession = (attempt: Attempt, power: ResumablePower, totalBytes: number): TE.TaskEither<Failure, Session> => {
  const { tools, record, signal } = attempt
  return pipe(
    power.create(record, { sizeBytes: totalBytes, signal }),
    TE.chain((session) => {
      const begun: BlobRecord = { ...record, upload: { session, sentBytes: 0 } }
      return pipe(
        writeUnlessAborted(attempt, tools.store.remember([begun])),
        TE.map(() => {
          attempt.record = begun
          return { session, at: 0 }
        }),
        TE.orElse((reason) => async () => {
          await power.end(session)()
          return E.left(reason)
        }),
      )
    }),
  )
}
