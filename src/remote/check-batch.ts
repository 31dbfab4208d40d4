import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import type { BlobId } from '../model/ids'
import type { SmallBlob } from './remote'

/** The same batch; `Corrupt` if it names an id twice, since no remote can hold both. */
export const checkBatch = (blobs: readonly SmallBlob[]): E.Either<Failure, readonly SmallBlob[]> => {
  const seen = new Set<BlobId>()
  for (const { id } of blobs) {
    if (seen.has(id)) return E.left(failure('Corrupt', `The batch names ${id} twice.`))
    seen.add(id)
  }
  return E.right(blobs)
}
