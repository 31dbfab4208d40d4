import type { TaskEither } from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { blobKey, type BlobKey } from '../model/ids'
import { newRecord, type BlobRecord } from '../model/record'
import type { Store } from '../store/store'
import { expectBytes, expectEqual, expectRight, expectSome } from './expect'

/** What a call to a store gave; throws its failure. */
export const done = async <A>(task: TaskEither<Failure, A>): Promise<A> => expectRight(await task(), 'a call to the store')

/** A key that is legal. */
export const key = (id: string, namespace?: string): BlobKey => expectRight(blobKey(id, namespace), 'a key')

/** The record of a blob that was put here. */
export const recordOf = (id: string, given: Partial<BlobRecord> = {}, namespace?: string): BlobRecord =>
  newRecord({ ...key(id, namespace), status: 'PENDING_UPLOAD', isHere: true, changedAtMs: 1, ...given })

/** Bytes that differ by seed and by place. */
export const bytes = (size: number, seed: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(size).map((_, index) => (index * 31 + (index >> 8) * 17 + seed * 101) & 255)

/** The bytes in parts whose size no adapter has a reason to like. */
export const inParts = (whole: Uint8Array): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(whole.length / PART_BYTES) }, (_, index) =>
    whole.slice(index * PART_BYTES, (index + 1) * PART_BYTES),
  )
const PART_BYTES = 40_000

/** The store holds exactly these bytes. */
export const expectPayload = async (store: Store, of: BlobKey, expected: Uint8Array): Promise<void> => {
  const payload = expectSome(await done(store.read(of)), `the payload of ${of.id.slice(0, 20)}`)
  expectBytes(await done(payload.read()), expected, `the payload of ${of.id.slice(0, 20)}`)
}

/** The store holds exactly this record. */
export const expectRecord = async (store: Store, expected: BlobRecord): Promise<void> =>
  expectEqual(expectSome(await done(store.record(expected)), `the record of ${expected.id.slice(0, 20)}`), expected, 'the record')
