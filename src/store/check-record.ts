import * as E from 'fp-ts/Either'
import { failure, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import { BlobRecord } from '../model/record'

/**
 * A record as it was read from where it rests, or `Corrupt` if it is none, or not that of its place.
 *
 * @param place Where it rests, `namespace/id`.
 */
export const checkRecord = (place: string, value: unknown): E.Either<Failure, BlobRecord> => {
  // As good as decoding where nothing has to be added, and several times as fast.
  const record = BlobRecord.is(value) ? E.right(value) : BlobRecord.decode(value)
  return E.isRight(record) && keyText(record.right) === place
    ? record
    : E.left(failure('Corrupt', `The record of ${place.slice(0, 520)} is damaged: it does not decode.`))
}

/** As `checkRecord`, for a record at rest as JSON. */
export const parseRecord = (place: string, json: string): E.Either<Failure, BlobRecord> => {
  try {
    return checkRecord(place, JSON.parse(json))
  } catch {
    return checkRecord(place, null)
  }
}
