import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { Outcome } from '../model/outcome'
import type { BlobRecord } from '../model/record'
import { saysNothing } from '../remote/remote'
import { announced } from './announced'
import { resumableOf } from './resumable-of'
import { atRest, settle, writeUnlessAborted, type Attempt, type Tools } from './tools'
import { tagOf } from './already-there'

/** Deletes one blob on the remote, and writes when that was. A blob that is not there counts as deleted. */
export const erase = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      endUpload(attempt),
      TE.chain(() => tools.remote.delete(record, { signal })),
      TE.orElse((reason) => (reason._tag === 'NotFound' ? TE.right(undefined) : TE.left(reason))),
      TE.chain(() => {
        const erased = atRest(record, { erasedAtMs: tools.now() }, tools.now())
        return pipe(
          writeUnlessAborted(attempt, tools.store.remember([erased])),
          TE.map(() => erased),
        )
      }),
    ),
  )
}

/** An upload in parts that was under way should not come to its end after the deletion. A remote that refuses to end it keeps nobody from that. */
const endUpload = (attempt: Attempt): TE.TaskEither<Failure, void> => {
  const { upload } = attempt.record
  if (upload === null) return TE.right(undefined)
  return pipe(
    resumableOf(attempt),
    TE.chain((power) => power?.end(upload.session, { signal: attempt.signal }) ?? TE.right(undefined)),
    TE.orElse((reason) => (saysNothing(reason) ? TE.right(undefined) : TE.left(reason))),
  )
}

/**
 * Writes the mark of a deletion and drops the payload. What the remote cannot know of, or what must not be deleted there (held
 * as `localOnly` or `conflict`), is removed for good instead: then the record comes back as it was.
 */
export const mark = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      tools.inTurn([record], announced(tools.store, record)),
      TE.chain((known) => {
        attempt.record = known
        return isLocalMatter(known) ? removeHere(attempt) : markHere(attempt)
      }),
    ),
  )
}

const isLocalMatter = ({ held, status, uploadWasTried }: BlobRecord): boolean =>
  held === 'localOnly' || held === 'conflict' || (status === 'PENDING_UPLOAD' && !uploadWasTried)

const removeHere = (attempt: Attempt): TE.TaskEither<Failure, BlobRecord> =>
  pipe(
    writeUnlessAborted(attempt, attempt.tools.store.remove([attempt.record])),
    TE.map(() => attempt.record),
  )

const markHere = (attempt: Attempt): TE.TaskEither<Failure, BlobRecord> =>
  pipe(
    ownTag(attempt),
    TE.chain((tag) => {
      const { tools, record } = attempt
      const { upload } = record
      const marked = atRest(record, { status: 'PENDING_DELETE', isHere: false, tag, erasedAtMs: null, upload }, tools.now())
      return pipe(
        writeUnlessAborted(attempt, tools.store.drop(marked)),
        TE.map(() => marked),
      )
    }),
  )

/** The tag that an upload of ours has or would have: by it a PUT that arrives after the DELETE is told from a new blob. */
const ownTag = (attempt: Attempt): TE.TaskEither<Failure, string | null> => {
  const { tools, record } = attempt
  const { seal } = record
  if (record.tag !== null || seal === null || record.status !== 'PENDING_UPLOAD') return TE.right(record.tag)
  return pipe(
    tools.inTurn([record], tools.store.read(record)),
    TE.chain(
      O.match(
        (): TE.TaskEither<Failure, string | null> => TE.right(null),
        (payload): TE.TaskEither<Failure, string | null> => tagOf(attempt, seal, payload),
      ),
    ),
    TE.orElse((): TE.TaskEither<Failure, string | null> => TE.right(null)),
  )
}
