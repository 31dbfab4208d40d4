import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type { Bytes } from '../model/bytes'
import { CarriedFailure } from '../model/carried-failure'
import { Failure, failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { blobPayload, bytesPayload, type Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { checkRecord } from './check-record'
import {
  keepingFromPromises,
  stageInMemory,
  stagingFromPromises,
  type Calls,
  type PromiseKeeping,
  type PromiseStaging,
} from './promise-staging'
import type { Room, Store } from './store'

export type { PromiseKeeping, PromiseLastingStaging, PromiseStaging } from './promise-staging'

/**
 * A store for authors who write Promises: the methods of `Store`, with the same promises about atomicity and durability.
 *
 * Absence is `undefined` or `null`. To say which failure it is, throw a `BlobSyncError` or any value with a `failure` in it;
 * anything else that is thrown counts as `StorageBroken`. Records may be given as they were read: they are checked one by one.
 */
export interface PromiseStore {
  readonly records: () => Promise<readonly unknown[]>
  readonly record: (key: BlobKey) => Promise<unknown>
  readonly read: (key: BlobKey) => Promise<Blob | Bytes | null | undefined>
  readonly write: (record: BlobRecord, payload: Blob) => Promise<void>
  readonly remember: (records: readonly BlobRecord[]) => Promise<void>
  readonly drop: (record: BlobRecord) => Promise<void>
  readonly remove: (keys: readonly BlobKey[]) => Promise<void>
  /** A place for bytes that are not verified yet. @default they wait in memory, then go to `write` */
  readonly stage?: (key: BlobKey) => Promise<PromiseStaging>
  /** Keeps the beginning of staging over a crash. @default big downloads that were cut begin anew */
  readonly keeping?: PromiseKeeping
  /** Short texts by their names, where it keeps them; null or undefined if there is no such note. @default each start lists the remote anew */
  readonly notes?: PromiseNotes
  /** How full the device is, where that can be told; it is asked while blobs arrive, though seldom. */
  readonly room?: () => Promise<Room>
  readonly close: () => Promise<void>
}

/** `NotesPower` in Promises. */
export interface PromiseNotes {
  readonly read: (name: string) => Promise<string | null | undefined>
  /** Null removes it. */
  readonly write: (name: string, text: string | null) => Promise<void>
}

/** Makes a `Store` of an object that speaks Promises. Its `close` is called once no other call is under way, and is the last call. */
export const storeFromPromises = (object: PromiseStore): Store => {
  let closing: Promise<E.Either<Failure, void>> | null = null
  const underWay = new Set<Promise<void>>()

  const lift = <A>(call: () => Promise<A>): TE.TaskEither<Failure, A> =>
    closing === null ? TE.tryCatch(() => counted(call()), failureOf) : TE.left(failure('StorageBroken', 'The store is closed.'))
  const counted = <A>(call: Promise<A>): Promise<A> => {
    const ended = call.then(
      () => {},
      () => {},
    )
    underWay.add(ended)
    void ended.then(() => underWay.delete(ended))
    return call
  }
  const later =
    <A>(task: () => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    () =>
      task()()

  const { notes, room } = object
  const stageOf = (key: BlobKey) =>
    object.stage?.(key) ?? Promise.resolve(stageInMemory((record, payload) => object.write(record, payload)))
  const calls: Calls = {
    call: (run) => later(() => lift(run)),
    callWhileOpen: (run) => later(() => (closing === null ? lift(run) : TE.right(undefined))),
  }

  return {
    records: () =>
      later(() =>
        pipe(
          lift(() => object.records()),
          TE.map((values) => values.map((value) => checkRecord(placeIn(value), value))),
        ),
      ),
    record: (key) =>
      later(() =>
        pipe(
          lift(() => object.record(key)),
          TE.flatMapEither((value) =>
            value === null || value === undefined ? E.right(O.none) : E.map(O.some<BlobRecord>)(checkRecord(keyText(key), value)),
          ),
        ),
      ),
    read: (key) =>
      later(() =>
        pipe(
          lift(() => object.read(key)),
          TE.map((found) =>
            O.map((given: Blob | Bytes) => (given instanceof Blob ? blobPayload(given) : bytesPayload(given)))(
              O.fromNullable(found),
            ),
          ),
        ),
      ),
    write: (record, payload) => later(() => lift(() => wholeBlob(payload).then((blob) => object.write(record, blob)))),
    remember: (records) => later(() => lift(() => object.remember(records))),
    drop: (record) => later(() => lift(() => object.drop(record))),
    remove: (keys) => later(() => lift(() => object.remove(keys))),
    stage: (key) =>
      later(() =>
        pipe(
          lift(() => stageOf(key)),
          TE.map((staging) => stagingFromPromises(calls, staging)),
        ),
      ),
    ...(object.keeping === undefined ? {} : { keeping: keepingFromPromises(calls, object.keeping) }),
    ...(notes === undefined
      ? {}
      : {
          notes: {
            read: (name) =>
              later(() => TE.map<string | null | undefined, O.Option<string>>(O.fromNullable)(lift(() => notes.read(name)))),
            write: (name, text) => later(() => lift(() => notes.write(name, text))),
          },
        }),
    ...(room === undefined ? {} : { room: () => later(() => lift(() => room.call(object))) }),
    close: () => () => (closing ??= TE.tryCatch(() => Promise.all(underWay).then(() => object.close()), failureOf)()),
  }
}

const wholeBlob = async (payload: Payload): Promise<Blob> => {
  const blob = await payload.blob()()
  if (E.isLeft(blob)) throw new CarriedFailure(blob.left)
  return blob.right
}

const Thrown = t.type({ failure: Failure })

const failureOf = (thrown: unknown): Failure =>
  Thrown.is(thrown)
    ? thrown.failure
    : failure('StorageBroken', `The store failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`)

const Placed = t.type({ namespace: t.string, id: t.string })

const placeIn = (value: unknown): string => (Placed.is(value) ? `${value.namespace}/${value.id}` : 'an unknown blob')
