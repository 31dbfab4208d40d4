import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Encrypted } from '../cipher/cipher'
import { failure, type Failure } from '../model/failure'
import type { Outcome } from '../model/outcome'
import type { Payload } from '../model/payload'
import { mayBatch, type BlobRecord } from '../model/record'
import { atRest, settle, writeUnlessAborted, type Attempt, type Tools } from './tools'

/** Sends one blob, encrypted, and writes that the remote holds it. An id that is taken by the same content counts as sent. */
export const upload = (tools: Tools, record: BlobRecord, signal: AbortSignal): Promise<Outcome> => {
  const attempt: Attempt = { tools, signal, record }
  return settle(
    attempt,
    pipe(
      announce(attempt),
      TE.chain((seal) =>
        pipe(
          payloadOf(attempt),
          TE.chain((payload) => send(attempt, seal, payload)),
        ),
      ),
      TE.chain((tag) => {
        const synced = atRest(attempt.record, { status: 'SYNCED', tag, missingSinceMs: null }, tools.now())
        return pipe(
          writeUnlessAborted(attempt, tools.store.remember([synced])),
          TE.map(() => synced),
        )
      }),
    ),
  )
}

/** Notes that a PUT may arrive from now on, and with which seal. */
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
const send = (attempt: Attempt, seal: string, payload: Payload): TE.TaskEither<Failure, string> => {
  const { tools, record, signal } = attempt
  return pipe(
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
    TE.orElse((reason) => (reason._tag === 'Exists' ? settleExisting(attempt, seal, payload, reason) : TE.left(reason))),
  )
}

/** The id is taken: by our own earlier PUT, by the same content, or by another. */
const settleExisting = (attempt: Attempt, seal: string, payload: Payload, exists: Failure): TE.TaskEither<Failure, string> => {
  const { tools, record, signal } = attempt
  return pipe(
    tools.remote.stat(record, { signal }),
    TE.chain(
      O.match(
        () => TE.left<Failure, string>(failure('Unreachable', 'The remote refused the id as taken, then did not hold it.')),
        ({ tag }) =>
          pipe(
            tagOf(attempt, seal, payload),
            TE.chain((own) => (tag === own ? TE.right(own) : sameOnceFetched(attempt, payload, exists))),
          ),
      ),
    ),
  )
}

/** The tag that an encryption has: of its last byte alone where the cipher can begin there, else of all of it. */
export const tagOf = ({ tools: { cipher }, record }: Attempt, seal: string, payload: Payload): TE.TaskEither<Failure, string> => {
  const to = cipher.encryptedSize(payload.sizeBytes, seal)
  const range = cipher.canResume?.(seal) === true ? { from: to - 1, to } : undefined
  return pipe(cipher.encrypt(record, seal, payload, range), TE.chain(tagAtEnd))
}

const tagAtEnd = ({ body, tag }: Encrypted): TE.TaskEither<Failure, string> => {
  if (body instanceof Uint8Array) return tag
  return pipe(
    TE.tryCatch(
      () => body.pipeTo(new WritableStream()),
      () => failure('StorageBroken', 'The payload could not be read to its end.'),
    ),
    TE.chain(() => tag),
  )
}

const sameOnceFetched = (attempt: Attempt, payload: Payload, exists: Failure): TE.TaskEither<Failure, string> => {
  const { tools, record, signal } = attempt
  let offset = 0
  return pipe(
    tools.remote.get(record, { signal }),
    TE.chain(({ body, tag }) =>
      tools.cipher.decrypt(record, body, tag, (bytes) => {
        const from = offset
        offset += bytes.length
        if (offset > payload.sizeBytes) return TE.left(exists)
        return pipe(
          payload.read(from, offset),
          TE.filterOrElse(
            (own) => own.every((byte, at) => byte === bytes[at]),
            () => exists,
          ),
          TE.map(() => undefined),
        )
      }),
    ),
    TE.filterOrElse(
      ({ isExternal, sizeBytes }) => !isExternal && sizeBytes === payload.sizeBytes,
      () => exists,
    ),
    TE.map(({ tag }) => tag),
    TE.mapLeft((reason) => (reason._tag === 'Tampered' ? exists : reason)),
  )
}
