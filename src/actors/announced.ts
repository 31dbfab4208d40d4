import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { isBig, type BlobRecord } from '../model/record'
import type { Store } from '../store/store'

/**
 * The record together with what an upload that was called off has written of itself: that it may still arrive, and the session that it began.
 * Whoever called it off does not know. To be asked in the blob's turn.
 */
export const announced = (store: Store, record: BlobRecord): TE.TaskEither<Failure, BlobRecord> =>
  record.status !== 'PENDING_UPLOAD' || (record.uploadWasTried && !isBig(record))
    ? TE.right(record)
    : pipe(
        store.record(record),
        TE.map(
          O.match(
            () => record,
            (stored) => withWritten(record, stored),
          ),
        ),
        TE.orElse((reason) => (reason._tag === 'Corrupt' ? TE.right(record) : TE.left(reason))),
      )

const withWritten = (record: BlobRecord, { seal, uploadWasTried, upload }: BlobRecord): BlobRecord => {
  if (!uploadWasTried || (record.uploadWasTried && record.seal !== seal)) return record
  const isKnown = record.upload?.session === upload?.session
  return { ...record, seal, uploadWasTried, upload: isKnown ? record.upload : upload }
}
