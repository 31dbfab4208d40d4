import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobRecord } from '../model/record'
import type { Store } from '../store/store'

/**
 * The record together with what an upload that was called off has written of itself: its PUT may still arrive, and whoever
 * called it off does not know. To be asked in the blob's turn.
 */
export const announced = (store: Store, record: BlobRecord): TE.TaskEither<Failure, BlobRecord> =>
  record.status !== 'PENDING_UPLOAD' || record.uploadWasTried
    ? TE.right(record)
    : pipe(
        store.record(record),
        TE.map(
          O.match(
            () => record,
            ({ seal, uploadWasTried }) => (uploadWasTried ? { ...record, seal, uploadWasTried } : record),
          ),
        ),
        TE.orElse((reason) => (reason._tag === 'Corrupt' ? TE.right(record) : TE.left(reason))),
      )
