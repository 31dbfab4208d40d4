import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { joined, type Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { BlobKey } from '../model/ids'
import type { BlobRecord } from '../model/record'
import type { KeepingPower, LastingStaging, Staging } from './store'

/** `Staging` in Promises. */
export interface PromiseStaging {
  /** The bytes are the store's: nobody changes them. */
  readonly append: (bytes: Uint8Array) => Promise<void>
  readonly commit: (record: BlobRecord) => Promise<void>
  readonly discard: () => Promise<void>
}

/** Staging that can outlive who writes it, in Promises. */
export interface PromiseLastingStaging extends PromiseStaging {
  /**
   * Keeps the bytes, at least as many as `record.download.checkpoint.plaintextBytes`, and writes the record, in one step. More may be appended
   * while it is under way. False where it cannot keep exactly so many: then nothing was written.
   */
  readonly keep: (record: BlobRecord) => Promise<boolean>
  /** What was kept stays, all else is forgotten. */
  readonly leave: () => Promise<void>
  /** Of what was kept, the bytes from one place up to another, which is left out. */
  readonly read: (from: number, to: number) => Promise<Bytes>
}

/**
 * The power to keep staging, in Promises. What was kept is forgotten with the next record of the blob that is written with `download: null`, and by
 * all that writes, drops or removes its payload.
 */
export interface PromiseKeeping {
  readonly stage: (key: BlobKey) => Promise<PromiseLastingStaging>
  /** Opens again the first so many bytes of what was kept, and ends one that is still open; null or undefined if so many were not kept. */
  readonly restage: (key: BlobKey, sizeBytes: number) => Promise<PromiseLastingStaging | null | undefined>
}

/** How calls to an object of Promises are made. */
export interface Calls {
  readonly call: <A>(run: () => Promise<A>) => TE.TaskEither<Failure, A>
  /** Of what is harmless after the store was closed: then it is left out. */
  readonly callWhileOpen: (run: () => Promise<void>) => TE.TaskEither<Failure, void>
}

export const stagingFromPromises = ({ call, callWhileOpen }: Calls, staging: PromiseStaging): Staging => ({
  append: (bytes) => call(() => staging.append(bytes)),
  commit: (record) => call(() => staging.commit(record)),
  discard: () => callWhileOpen(() => staging.discard()),
})

export const keepingFromPromises = (calls: Calls, keeping: PromiseKeeping): KeepingPower => {
  const { call, callWhileOpen } = calls
  const lasting = (staging: PromiseLastingStaging): LastingStaging => ({
    ...stagingFromPromises(calls, staging),
    keep: (record) => call(() => staging.keep(record)),
    leave: () => callWhileOpen(() => staging.leave()),
    read: (from, to) => call(() => staging.read(from, to)),
  })
  return {
    stage: (key) => TE.map(lasting)(call(() => keeping.stage(key))),
    restage: (key, sizeBytes) =>
      pipe(
        call(() => keeping.restage(key, sizeBytes)),
        TE.map((staging) => O.map(lasting)(O.fromNullable(staging))),
      ),
  }
}

/** For objects without a staging of their own. */
export const stageInMemory = (write: (record: BlobRecord, payload: Blob) => Promise<void>): PromiseStaging => {
  let parts: Uint8Array[] | null = []
  const held = () => {
    if (parts === null) throw new Error('the staging has ended')
    return parts
  }
  return {
    append: async (bytes) => {
      held().push(bytes)
    },
    commit: async (record) => {
      const payload = new Blob([joined(held())])
      parts = null
      await write(record, payload)
    },
    discard: async () => {
      parts = null
    },
  }
}
