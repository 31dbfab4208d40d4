import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import type { BlobId, BlobKey, Namespace } from '../model/ids'
import type { Flag } from '../model/wire'
import type { FlagPower } from '../remote/remote'
import type { Tools } from './tools'

/** An incoming blob as the app gets it. */
export interface Message {
  readonly id: string
  /** What was delivered: by someone else, verified by nobody, unless `isExternal` is false. */
  readonly content: Blob
  readonly isExternal: boolean
}

/** What is done with incoming blobs, and who is told how it ended. */
export interface Consumer {
  /** Processes and saves; what it throws makes the blob FAILED. */
  readonly consume: (message: Message) => Promise<void>
  readonly onSaved: (key: BlobKey) => void
  readonly onFailed: (key: BlobKey, reason: Failure) => void
}

const pendingAlone: readonly Flag[] = ['PENDING']
const begunAndPending: readonly Flag[] = ['PROCESSED', 'PROCESSING', 'PENDING']

/** How many of the box are taken up at a time. */
const IDS_MAX = 100

/**
 * What is to be received, the oldest first. With `recovers`, what another run has begun is taken up again, and also what is marked
 * PROCESSED: Soledad's client marks so before it saves.
 */
export const listIncoming = (
  flags: FlagPower,
  { namespace, recovers, signal }: { readonly namespace: Namespace; readonly recovers: boolean; readonly signal: AbortSignal },
): TE.TaskEither<Failure, { readonly ids: readonly BlobId[]; readonly hasMore: boolean }> =>
  pipe(
    recovers ? begunAndPending : pendingAlone,
    TE.traverseSeqArray((flag) => flags.list({ namespace, flag, order: 'oldest', signal })),
    TE.map((lists) => {
      const ids = lists.flat()
      return { ids: ids.slice(0, IDS_MAX), hasMore: ids.length > IDS_MAX }
    }),
  )

/**
 * The whole way of one incoming blob: marked, fetched, processed and saved by the app, marked as such, deleted. A blob that another
 * device took meanwhile is no failure; a crash at any point leaves it to the next run, so that it may be processed twice, and
 * is never lost.
 */
export const receive = (
  tools: Tools,
  flags: FlagPower,
  consumer: Consumer,
  { key, signal }: { readonly key: BlobKey; readonly signal: AbortSignal },
): TE.TaskEither<Failure, void> => {
  const fail = (reason: Failure) =>
    pipe(
      flags.set(key, ['FAILED'], { signal }),
      TE.map(() => consumer.onFailed(key, reason)),
    )
  const end = pipe(
    flags.set(key, ['PROCESSED'], { signal }),
    TE.chain(() => tools.remote.delete(key, { signal })),
    TE.map(() => consumer.onSaved(key)),
  )
  return orGone(
    pipe(
      flags.set(key, ['PROCESSING'], { signal }),
      TE.chain(() => fetched(tools, key, signal)),
      TE.chain(
        E.match(fail, (message) =>
          pipe(
            consumed(consumer, message),
            TE.matchE(fail, () => end),
          ),
        ),
      ),
    ),
  )
}

/** @returns a left inside where the blob itself is no good, whatever the remote does. */
const fetched = (
  { remote, cipher }: Tools,
  key: BlobKey,
  signal: AbortSignal,
): TE.TaskEither<Failure, E.Either<Failure, Message>> => {
  const parts: Uint8Array<ArrayBuffer>[] = []
  return pipe(
    remote.get(key, { signal }),
    TE.chain(({ body, tag }) =>
      cipher.decrypt(key, body, tag, (bytes) => {
        parts.push(new Uint8Array(bytes))
        return TE.right(undefined)
      }),
    ),
    TE.map(({ isExternal }) => E.right({ id: key.id, content: new Blob(parts), isExternal })),
    TE.orElse((reason) => (reason._tag === 'Tampered' || reason._tag === 'Corrupt' ? TE.right(E.left(reason)) : TE.left(reason))),
  )
}

const consumed = ({ consume }: Consumer, message: Message): TE.TaskEither<Failure, void> =>
  TE.tryCatch(
    () => consume(message),
    (thrown) => failure('Corrupt', `The app could not take it: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
  )

const orGone = (step: TE.TaskEither<Failure, void>): TE.TaskEither<Failure, void> =>
  pipe(
    step,
    TE.orElse((reason) => (reason._tag === 'NotFound' ? TE.right(undefined) : TE.left(reason))),
  )
