import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from './model/failure'
import type { Payload } from './model/payload'
import type { BlobRecord } from './model/record'
import type { Store } from './store/store'

/** The record that has the id, if its content is the same; else `Exists`. */
export const sameAs = (store: Store, existing: BlobRecord, payload: Payload): TE.TaskEither<Failure, BlobRecord> => {
  const taken =
    existing.status === 'PENDING_DELETE'
      ? failure('Exists', `“${existing.id}” is still being deleted: put it again after the next sync.`)
      : failure('Exists', `“${existing.id}” is taken by other content. Blobs never change: delete it first, or use another id.`)
  if (!existing.isHere || existing.sizeBytes !== payload.sizeBytes) return TE.left(taken)
  return pipe(
    store.read(existing),
    TE.chain(
      O.match(
        () => TE.left<Failure, BlobRecord>(taken),
        (own) =>
          pipe(
            areEqual(own, payload),
            TE.chain((isEqual) => (isEqual ? TE.right(existing) : TE.left(taken))),
          ),
      ),
    ),
  )
}

const COMPARED_BYTES = 1 << 20

const areEqual =
  (a: Payload, b: Payload): TE.TaskEither<Failure, boolean> =>
  async () => {
    if (a.sizeBytes !== b.sizeBytes) return E.right(false)
    for (let at = 0; at < a.sizeBytes; at += COMPARED_BYTES) {
      const to = Math.min(at + COMPARED_BYTES, a.sizeBytes)
      const [left, right] = await Promise.all([a.read(at, to)(), b.read(at, to)()])
      if (E.isLeft(left)) return left
      if (E.isLeft(right)) return right
      if (!left.right.every((byte, index) => byte === right.right[index])) return E.right(false)
    }
    return E.right(true)
  }
