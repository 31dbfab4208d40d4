import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Checkpoint } from '../cipher/cipher'
import { failure, serverError, type Failure } from '../model/failure'
import type { Outcome } from '../model/outcome'
import { mayBatch, type BlobRecord } from '../model/record'
import { noPowers, type Download, type RestOfBlob } from '../remote/remote'
import type { LastingStaging } from '../store/store'
import { announced } from './announced'
import { arrive, arriveWhole, isOfNoUse } from './arrive'
import { settle, writeUnlessAborted, type Attempt, type Tools, type Yielded } from './tools'

/**
 * Fetches one blob into the store's staging, verifies it, and makes it readable together with its record. A big one goes on after the last segment that
 * an earlier attempt has kept.
 */
export const download = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      tools.inOrder([record], announced(tools.store, record)),
      TE.chain((known) => {
        attempt.record = known
        return pipe(
          reopened(attempt),
          TE.chain((begun) => fetchFrom(attempt, begun)),
        )
      }),
    ),
  )
}

/** What an earlier attempt has kept. */
interface Begun {
  readonly staging: LastingStaging
  readonly checkpoint: Checkpoint
  readonly rest: RestOfBlob
}

const reopened = ({ tools, record }: Attempt): TE.TaskEither<Failure, Begun | null> => {
  const { keeping } = tools.store
  const { checkpoint, sizeBytes = null, tag = null } = record.download ?? {}
  if (keeping === undefined || checkpoint === undefined || sizeBytes === null) return TE.right(null)
  if (tools.cipher.canResume?.(checkpoint.seal) !== true || checkpoint.encryptedBytes >= sizeBytes) return TE.right(null)
  return pipe(
    tools.inOrder([record], keeping.restage(record, checkpoint.plaintextBytes)),
    TE.map(O.map((staging) => ({ staging, checkpoint, rest: { byte: checkpoint.encryptedBytes, sizeBytes, tag } }))),
    TE.map(O.toNullable),
  )
}

const fetchFrom = (attempt: Attempt, begun: Begun | null): TE.TaskEither<Failure | Yielded, BlobRecord> => {
  const { tools, record, signal } = attempt
  const asked = begun === null ? { signal, mayBatch: mayBatch(record) } : { signal, from: begun.rest }
  return pipe(
    tools.remote.get(record, asked),
    TE.orElse((reason) => TE.chain(() => TE.left<Failure, Download>(reason))(begun?.staging.leave() ?? TE.right(undefined))),
    TE.chain((given): TE.TaskEither<Failure | Yielded, BlobRecord> => {
      if (begun !== null && given.fromByte === begun.rest.byte) return goOn(attempt, given, begun)
      return pipe(
        begun?.staging.leave() ?? TE.right(undefined),
        TE.chain(() => beginAnew(attempt, given)),
      )
    }),
  )
}

/** What is no use to this device need not come first. */
const refused = ({ body }: Download, reason: Failure): TE.TaskEither<Failure, never> =>
  pipe(
    TE.fromTask(() => body.cancel().catch(() => {})),
    TE.chain(() => TE.left(reason)),
  )

/** The rest of a blob. Where that does not verify, what was kept may be of another one: only all of it tells. */
const goOn = (attempt: Attempt, given: Download, { staging, checkpoint }: Begun): TE.TaskEither<Failure | Yielded, BlobRecord> =>
  pipe(
    arrive(attempt, given, staging, checkpoint),
    TE.orElse((reason) =>
      isOfNoUse(reason)
        ? pipe(
            forget(attempt, staging),
            TE.chain(() => fetchFrom(attempt, null)),
          )
        : TE.left(reason),
    ),
  )

const beginAnew = (attempt: Attempt, given: Download): TE.TaskEither<Failure | Yielded, BlobRecord> => {
  const { store, cipher } = attempt.tools
  const { fromByte = 0, sizeBytes } = given
  if (fromByte !== 0) return refused(given, serverError(`The remote sends the blob from byte ${fromByte} on, unasked.`, 206))
  if (sizeBytes !== null && sizeBytes > cipher.encryptedBytesMax)
    return refused(given, failure('TooLarge', `The blob has ${sizeBytes} encrypted bytes, more than this device can decrypt.`))
  return pipe(
    mayKeep(attempt, given),
    TE.chain((may): TE.TaskEither<Failure | Yielded, BlobRecord> =>
      may && store.keeping !== undefined
        ? pipe(
            store.keeping.stage(attempt.record),
            TE.chain((staging) =>
              pipe(
                arrive(attempt, given, staging, null),
                TE.orElse((reason) =>
                  isOfNoUse(reason) ? TE.flatMap(() => TE.left(reason))(forget(attempt, staging)) : TE.left(reason),
                ),
              ),
            ),
          )
        : pipe(
            store.stage(attempt.record),
            TE.chain((staging) => arriveWhole(attempt, given, staging)),
          ),
    ),
  )
}

/** Smaller blobs are fetched again. */
const KEPT_BYTES_MIN = 2 * 1024 * 1024

/** Whether it is of use to keep the beginning of a blob: it is big, and the remote gives the rest of one. */
const mayKeep = ({ tools, signal }: Attempt, { sizeBytes }: Download): TE.TaskEither<Failure, boolean> =>
  tools.store.keeping === undefined || sizeBytes === null || sizeBytes < KEPT_BYTES_MIN
    ? TE.right(false)
    : pipe(
        tools.remote.supports({ signal }),
        TE.orElse(() => TE.right(noPowers)),
        TE.map(({ ranges }) => ranges),
      )

/** What was kept is of no use. */
const forget = (attempt: Attempt, staging: LastingStaging): TE.TaskEither<Failure, void> => {
  const { tools, record } = attempt
  if (record.download === null) return staging.discard()
  const forgotten: BlobRecord = { ...record, download: null }
  return pipe(
    writeUnlessAborted(attempt, tools.store.remember([forgotten])),
    TE.orElse((reason) => TE.chain(() => TE.left<Failure, void>(reason))(staging.leave())),
    TE.chain(() => {
      attempt.record = forgotten
      return staging.discard()
    }),
  )
}
