import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from './model/failure'
import type { BlobRecord } from './model/record'
import type { Store } from './store/store'

/** The record that has the id, if its content is the same; else `Exists`. */
export const sameAs = (store: Store, existing: BlobRecord, payload: Blob): TE.TaskEither<Failure, BlobRecord> => {
  const taken =
    existing.status === 'PENDING_DELETE'
      ? failure('Exists', `“${existing.id}” is still being deleted: put it again after the next sync.`)
      : failure('Exists', `“${existing.id}” is taken by other content. Blobs never change: delete it first, or use another id.`)
  if (!existing.isHere || existing.sizeBytes !== payload.size) return TE.left(taken)
  return pipe(
    store.read(existing),
    TE.chain(
      O.match(
        () => TE.left<Failure, BlobRecord>(taken),
        (own) => async () => ((await areEqual(own, payload)) ? E.right(existing) : E.left(taken)),
      ),
    ),
  )
}

const COMPARED_BYTES = 1 << 20

const areEqual = async (a: Blob, b: Blob): Promise<boolean> => {
  if (a.size !== b.size) return false
  for (let at = 0; at < a.size; at += COMPARED_BYTES) {
    const [left, right] = await Promise.all([a, b].map((blob) => blob.slice(at, at + COMPARED_BYTES).arrayBuffer()))
    if (left === undefined || right === undefined) return false
    const other = new Uint8Array(right)
    if (!new Uint8Array(left).every((byte, index) => byte === other[index])) return false
  }
  return true
}
