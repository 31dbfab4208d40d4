import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Checkpoint, Decrypted } from '../cipher/cipher'
import type { Failure } from '../model/failure'
import type { BlobRecord } from '../model/record'
import type { Download } from '../remote/remote'
import type { LastingStaging, Staging } from '../store/store'
import { counted } from './counted'
import { keeperOf } from './keeper'
import { atRest, writeUnlessAborted, type Attempt, type Yielded } from './tools'

/** Verifies what comes and keeps it from time to time, and what came until a failure. Where it does not verify, the staging is left open. */
export const arrive = (
  attempt: Attempt,
  given: Download,
  staging: LastingStaging,
  from: Checkpoint | null,
): TE.TaskEither<Failure | Yielded, BlobRecord> => {
  const { tools, record } = attempt
  const keeper = keeperOf({ attempt, download: given, staging, from })
  const beforeBytes = record.download?.checkpoint.encryptedBytes ?? 0
  return pipe(
    tools.cipher.decrypt(record, told(attempt, given), given.tag, keeper.sink, keeper.resume),
    TE.chainFirst(() => keeper.settled),
    TE.chain((decrypted) => finish(attempt, decrypted, staging)),
    TE.orElse((reason) => async () => {
      const isOurs = !isOfNoUse(reason)
      await keeper.settled()
      // What cannot be kept now is fetched again: why the transfer ended matters more.
      if (isOurs && !keeper.hasYielded()) await keeper.keep()
      if (isOurs) await staging.leave()()
      if (isOurs && keeper.keptBytes() > beforeBytes) attempt.record = { ...attempt.record, attempts: 0 }
      return E.left(keeper.hasYielded() ? null : reason)
    }),
  )
}

/** Whether what came so far is not to be gone on with. */
export const isOfNoUse = (reason: Failure | Yielded): boolean => reason?._tag === 'Tampered' || reason?._tag === 'Corrupt'

/** Verifies what comes, all or nothing. */
export const arriveWhole = (attempt: Attempt, given: Download, staging: Staging): TE.TaskEither<Failure, BlobRecord> =>
  pipe(
    attempt.tools.cipher.decrypt(attempt.record, told(attempt, given), given.tag, staging.append),
    TE.chain((decrypted) => finish(attempt, decrypted, staging)),
    TE.orElse((reason) => TE.chain(() => TE.left<Failure, BlobRecord>(reason))(staging.discard())),
  )

const finish = (
  attempt: Attempt,
  { sizeBytes, tag, isExternal }: Decrypted,
  staging: Staging,
): TE.TaskEither<Failure, BlobRecord> => {
  const changes = { status: 'SYNCED', isHere: true, sizeBytes, tag, isExternal, seal: null, trashedAtMs: null } as const
  const synced = atRest(attempt.record, { ...changes, missingSinceMs: null }, attempt.tools.now())
  return pipe(
    writeUnlessAborted(attempt, staging.commit(synced)),
    TE.map(() => synced),
  )
}

/** What is smaller is here as soon as it comes. */
const TOLD_BYTES_MIN = 65_536

/** The body, of which it is told how much has come. */
const told = ({ tools, record }: Attempt, { body, fromByte = 0, sizeBytes }: Download): ReadableStream<Uint8Array> => {
  if (sizeBytes !== null && sizeBytes < TOLD_BYTES_MIN) return body
  if (fromByte > 0) tools.onProgress(record, fromByte, sizeBytes)
  return counted(body, (bytes) => tools.onProgress(record, fromByte + bytes, sizeBytes))
}
