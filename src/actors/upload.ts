import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import type { Outcome } from '../model/outcome'
import type { Payload } from '../model/payload'
import { isBig, mayBatch, type BlobRecord } from '../model/record'
import type { ResumablePower } from '../remote/remote'
import { settleExisting } from './already-there'
import { resumableOf } from './resumable-of'
import { atRest, settle, writeUnlessAborted, type Attempt, type Tools, type Yielded } from './tools'
import { sendInParts } from './upload-parts'

/** Sends one blob, encrypted, and writes that the remote holds it. An id that is taken by the same content counts as sent. */
export const upload = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      announce(attempt),
      TE.flatMap((seal) =>
        pipe(
          payloadOf(attempt),
          TE.flatMap((payload) => send(attempt, seal, payload)),
        ),
      ),
      TE.flatMap((tag) => {
        const synced = atRest(attempt.record, { status: 'SYNCED', tag, missingSinceMs: null }, tools.now())
        return pipe(
          writeUnlessAborted(attempt, tools.store.remember([synced])),
          TE.map(() => synced),
        )
      }),
    ),
  )
}

/** Notes that an upload may arrive from now on, and with which seal. */
const announce = (attempt: Attempt): TE.TaskEither<Failure, string> => {
  const { tools, record } = attempt
  if (record.uploadWasTried && record.seal !== null) return TE.right(record.seal)
  return pipe(
    record.seal === null ? TE.fromTask<string, Failure>(tools.cipher.seal) : TE.right(record.seal),
    TE.chain((seal) => {
      const announced: BlobRecord = { ...record, seal, uploadWasTried: true }
      return pipe(
        writeUnlessAborted(attempt, tools.store.remember([announced])),
        TE.map(() => {
          attempt.record = announced
          return seal
        }),
      )
    }),
  )
}

const payloadOf = ({ tools, record }: Attempt): TE.TaskEither<Failure, Payload> =>
  pipe(
    tools.inOrder([record], tools.store.read(record)),
    TE.chain(
      O.match(
        () => TE.left<Failure, Payload>(failure('Corrupt', 'The payload is gone from this device: put the blob again.')),
        (payload) => TE.right(payload),
      ),
    ),
  )

/** @returns the tag under which the remote holds the content. */
const send = (attempt: Attempt, seal: string, payload: Payload): TE.TaskEither<Failure | Yielded, string> =>
  pipe(
    powerFor(attempt, seal),
    TE.flatMap((power): TE.TaskEither<Failure | Yielded, string> =>
      power === null ? sendWhole(attempt, seal, payload) : sendInParts(attempt, power, seal, payload),
    ),
    TE.orElse((reason) => (reason?._tag === 'Exists' ? settleExisting(attempt, seal, payload, reason) : TE.left(reason))),
  )

/** What takes the blob in parts; null if it goes whole. */
const powerFor = (attempt: Attempt, seal: string): TE.TaskEither<Failure, ResumablePower | null> =>
  isBig(attempt.record) && attempt.tools.cipher.canResume?.(seal) === true ? resumableOf(attempt) : TE.right(null)

const sendWhole = ({ tools, record, signal }: Attempt, seal: string, payload: Payload): TE.TaskEither<Failure, string> =>
  pipe(
    tools.cipher.encrypt(record, seal, payload),
    TE.chain((encrypted) => {
      const onProgress = (bytes: number) => tools.onProgress(record, bytes, encrypted.sizeBytes)
      return pipe(
        tools.remote.put(record, {
          sizeBytes: encrypted.sizeBytes,
          body: encrypted.body,
          signal,
          onProgress,
          mayBatch: mayBatch(record),
        }),
        TE.chain(() => encrypted.tag),
      )
    }),
  )
