import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
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
      const { cipher } = tools
      if (sizeBytes !== null && sizeBytes > cipher.encryptedBytesMax) return refused(body, sizeBytes)
      const told = (bytes: number) => tools.onProgress(record, bytes, sizeBytes)
      const isSmall = sizeBytes !== null && sizeBytes < TOLD_BYTES_MIN
      return cipher.decrypt(record, isSmall ? body : counted(body, told), tag, staging.append)
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

/** What is smaller is here as soon as it comes. */
const TOLD_BYTES_MIN = 65_536

/** What this device could not decrypt need not come first. */
const refused =
  (body: ReadableStream<Uint8Array>, sizeBytes: number): TE.TaskEither<Failure, never> =>
  async () => {
    await body.cancel()
    return E.left(failure('TooLarge', `The blob has ${sizeBytes} encrypted bytes, more than this device can decrypt.`))
  }

/** The same bytes, counted as they come: a cipher may hold them all until the last one is there. */
const counted = (source: ReadableStream<Uint8Array>, told: (bytes: number) => void): ReadableStream<Uint8Array> => {
  const reader = source.getReader()
  let bytes = 0
  return new ReadableStream(
    {
      pull: async (controller) => {
        const part = await reader.read()
        if (part.done) return controller.close()
        bytes += part.value.length
        told(bytes)
        return controller.enqueue(part.value)
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  )
}
