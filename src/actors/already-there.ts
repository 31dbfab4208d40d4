import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Encrypted } from '../cipher/cipher'
import { failure, type Failure } from '../model/failure'
import type { Payload } from '../model/payload'
import type { Attempt } from './tools'

/**
 * The id is taken: by our own earlier upload, by the same content, or by another.
 *
 * @returns the tag under which the remote holds the content.
 */
export const settleExisting = (
  attempt: Attempt,
  seal: string,
  payload: Payload,
  exists: Failure,
): TE.TaskEither<Failure, string> => {
  const { tools, record, signal } = attempt
  return pipe(
    tools.remote.stat(record, { signal }),
    TE.chain(
      O.match(
        () => TE.left<Failure, string>(failure('Unreachable', 'The remote says that it has the blob, and does not hold it.')),
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
