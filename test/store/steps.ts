import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { newRecord, type BlobRecord } from '../../src/model/record'

/** One change of a store, by which a test knows what must be there after it. */
export const Step = t.type({
  id: t.string,
  version: t.number,
  kind: t.keyof({ write: null, stage: null, drop: null, remove: null }),
  sizeBytes: t.number,
})
export type Step = t.TypeOf<typeof Step>

export const keyOf = (id: string): BlobKey => {
  const key = blobKey(id)
  if (E.isLeft(key)) throw new Error(key.left.message)
  return key.right
}

export const recordOf = ({ id, version, kind, sizeBytes }: Step): BlobRecord =>
  newRecord({ ...keyOf(id), status: 'SYNCED', sizeBytes, isHere: kind !== 'drop', changedAtMs: version })

export const payloadOf = ({ version, sizeBytes }: Step): Uint8Array<ArrayBuffer> =>
  new Uint8Array(sizeBytes).map((_, index) => (version * 7 + (index >> 9)) & 255)
