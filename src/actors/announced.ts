import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { isBig, type BlobRecord } from '../model/record'
import type { Store } from '../store/store'

/**
 * The record together with what a transfer that was called off has written of itself: that an upload may still arrive, the session that it began,
 * how far a download came. Whoever called it off does not know. To be asked in the blob's turn.
 */
export const announced = (store: Store, record: BlobRecord): TE.TaskEither<Failure, BlobRecord> =>
  !mayHaveWritten(record)
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

const mayHaveWritten = (record: BlobRecord): boolean => {
  const { status, uploadWasTried, listedBytes } = record
  if (status === 'PENDING_UPLOAD') return !uploadWasTried || isBig(record)
  return status === 'PENDING_DOWNLOAD' && (listedBytes === null || isBig(record))
}

const withWritten = (record: BlobRecord, { status, seal, uploadWasTried, upload, download }: BlobRecord): BlobRecord => {
  if (record.status === 'PENDING_DOWNLOAD') return status === record.status ? { ...record, download } : record
  if (!uploadWasTried || (record.uploadWasTried && record.seal !== seal)) return record
  const isKnown = record.upload?.session === upload?.session
  return { ...record, seal, uploadWasTried, upload: isKnown ? record.upload : upload }
}
