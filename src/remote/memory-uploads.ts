import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import { existing, namespaceIn, type RemoteMemory, type RemoteSession } from './memory-content'
import type { ResumablePower } from './remote'
import { unlessAborted } from './unless-aborted'

/** Uploads in parts into a memory. Its sessions last until they are ended or their blob is there. */
export const memoryUploads = (memory: RemoteMemory): ResumablePower => {
  const { sessions } = memory

  const known = (session: string): E.Either<Failure, RemoteSession> =>
    E.fromNullable<Failure>(failure('NotFound', 'The upload is over or has expired.'))(sessions.get(session))

  return {
    create: (key, { sizeBytes, signal }) =>
      unlessAborted(signal, () => {
        if (namespaceIn(memory, key.namespace).blobs.has(key.id)) return E.left(existing(key))
        const session = crypto.randomUUID()
        sessions.set(session, { key, bytes: new Uint8Array(sizeBytes), arrivedBytes: 0 })
        return E.right(session)
      }),

    offset: (session, { signal } = {}) =>
      unlessAborted(signal, () => E.map(({ arrivedBytes }: RemoteSession) => arrivedBytes)(known(session))),

    append: (session, { at, bytes, signal }) =>
      unlessAborted(signal, () => {
        const found = known(session)
        if (E.isLeft(found)) return found
        const upload = found.right
        if (at !== upload.arrivedBytes) return E.right(upload.arrivedBytes)
        if (at + bytes.length > upload.bytes.length) {
          return E.left(failure('Corrupt', `The upload has more than the ${upload.bytes.length} bytes that were announced.`))
        }
        upload.bytes.set(bytes, at)
        upload.arrivedBytes += bytes.length
        if (upload.arrivedBytes < upload.bytes.length) return E.right(upload.arrivedBytes)
        sessions.delete(session)
        const { blobs } = namespaceIn(memory, upload.key.namespace)
        if (blobs.has(upload.key.id)) return E.left(existing(upload.key))
        blobs.set(upload.key.id, upload.bytes)
        return E.right(upload.arrivedBytes)
      }),

    end: (session, { signal } = {}) =>
      unlessAborted(signal, () => {
        sessions.delete(session)
        return E.right(undefined)
      }),
  }
}
