import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Sink } from '../cipher/cipher'
import type { Failure } from '../model/failure'
import type { Outcome } from '../model/outcome'
import { mayBatch, type BlobRecord } from '../model/record'
import type { Staging } from '../store/store'
import { atRest, settle, writeUnlessAborted, type Attempt, type Tools } from './tools'

/** Fetches one blob into the store's staging, verifies it, and makes it readable together with its record. */
export const download = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      tools.store.stage(record),
      TE.chain((staging) =>
        pipe(
          fetchInto(attempt, staging),
          TE.orElse((reason) =>
            pipe(
              staging.discard(),
              TE.chain(() => TE.left<Failure, BlobRecord>(reason)),
            ),
          ),
        ),
      ),
    ),
  )
}

const fetchInto = (attempt: Attempt, staging: Staging): TE.TaskEither<Failure, BlobRecord> => {
  const { tools, record, signal } = attempt
  return pipe(
    tools.remote.get(record, { signal, mayBatch: mayBatch(record) }),
    TE.chain(({ body, tag, sizeBytes }) => {
      let bytes = 0
      const sink: Sink = (chunk) => {
        bytes += chunk.length
        tools.onProgress(record, bytes, sizeBytes)
        return staging.append(chunk)
      }
      return tools.cipher.decrypt(record, body, tag, sink)
    }),
    TE.chain(({ sizeBytes, tag, isExternal }) => {
      const changes = { status: 'SYNCED', isHere: true, sizeBytes, tag, isExternal, seal: null, trashedAtMs: null } as const
      const synced = atRest(record, { ...changes, missingSinceMs: null }, tools.now())
      return pipe(
        writeUnlessAborted(attempt, staging.commit(synced)),
        TE.map(() => synced),
      )
    }),
  )
}
