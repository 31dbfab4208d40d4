import type { Either } from 'fp-ts/Either'
import type { Option } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import type { Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import type { BlobKey, Namespace } from '../model/ids'
import type { Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'

/**
 * Where blobs rest on this device: their records, and the payloads of those that are here.
 *
 * A store keeps bytes and never looks inside them. Every adapter passes `storeConformance` from `blobsync/testing`. Calls
 * for different keys may overlap; the caller orders calls for one key.
 */
export interface Store {
  /**
   * All records, without reading payloads; one that does not decode is a `Corrupt` in its place, and the rest goes on.
   * Opens the store if that has not happened. `StorageBroken` says who holds it when another process does.
   */
  readonly records: () => TaskEither<Failure, readonly Either<Failure, BlobRecord>[]>

  /** The record of one blob; `none` if there is none. */
  readonly record: (key: BlobKey) => TaskEither<Failure, Option<BlobRecord>>

  /** The payload of one blob; `none` if the store does not hold it; absence is no failure. It may be read lazily. */
  readonly read: (key: BlobKey) => TaskEither<Failure, Option<Payload>>

  /**
   * Writes payload and record together, or nothing; replaces what was there; durable when it resolves. The same write
   * twice is harmless. `StorageFull`, `StorageBroken`.
   */
  readonly write: (record: BlobRecord, payload: Payload) => TaskEither<Failure, void>

  /** Writes records all or none, leaves payloads as they are; durable when it resolves. */
  readonly remember: (records: readonly BlobRecord[]) => TaskEither<Failure, void>

  /**
   * Writes the record and drops the payload in one step; durable when it resolves. Absence of the payload is no failure.
   */
  readonly drop: (record: BlobRecord) => TaskEither<Failure, void>

  /** Removes records and payloads. Absence is no failure. */
  readonly remove: (keys: readonly BlobKey[]) => TaskEither<Failure, void>

  /** Opens a place for bytes that are not verified, or not complete, yet. Nothing in it is ever readable by `read` before `commit`. */
  readonly stage: (key: BlobKey) => TaskEither<Failure, Staging>

  /** The power to keep staging over the end of an attempt, and of the process. */
  readonly keeping?: KeepingPower

  /** The power to keep short texts beside the blobs. Without it every start lists the remote anew. */
  readonly notes?: NotesPower

  /** The power to leave the records of blobs at rest where they are. Of a store that is `shared` it is not asked. */
  readonly resting?: RestingPower

  /** The power to be open several times at once, in tabs of a browser, of which one leads. */
  readonly shared?: SharedPower

  /** The power to tell how full the device is. It is asked while blobs arrive, though seldom. */
  readonly room?: () => TaskEither<Failure, Room>

  /** Waits for what is under way and lets go of every handle and lock. Calls after it fail as `StorageBroken`. */
  readonly close: () => TaskEither<Failure, void>
}

/** Short texts that are no blob’s, by their names: how far the changes of the remote were read. Only who leads writes them. */
export interface NotesPower {
  /** `none` if there is no such note. */
  readonly read: (name: string) => TaskEither<Failure, Option<string>>
  /** Replaces a note; null removes it. Durable when it resolves. */
  readonly write: (name: string, text: string | null) => TaskEither<Failure, void>
}

/**
 * Blobs at rest are SYNCED, here, not held and not in the trash: most of a collection, about which nobody need know anything until it is asked for.
 * Their records are read one by one, at once and not as a Promise; of a store that is closed, or not open yet, there are none.
 */
export interface RestingPower {
  /** Opens the store as `records` does, but only counts those at rest. A record that does not decode is among the `restless`. */
  readonly open: () => TaskEither<Failure, Opened>
  /** The record of a blob, at rest or not, as the last write that resolved left it, or one that is under way. */
  readonly peek: (key: BlobKey) => Either<Failure, Option<BlobRecord>>
  /** All keys as text (`namespace/id`), at rest or not, the oldest first, each with what reads its record. It pages, and does not keep others from writing. */
  readonly all: () => Iterable<readonly [key: string, record: () => Either<Failure, BlobRecord>]>
}

/** What a store holds, without the records of blobs at rest. */
export interface Opened {
  readonly restless: readonly Either<Failure, BlobRecord>[]
  /** Of each namespace that has any, how many there are, and bytes of plaintext. */
  readonly counts: readonly { readonly namespace: Namespace; readonly blobs: number; readonly bytes: number }[]
}

/** One store, open in several tabs: only the one that leads changes what is there; the others may add to it. */
export interface SharedPower {
  /** The same for all that open this store, and for no other: names the lock and the channel between them. */
  readonly name: string

  /**
   * Begins an epoch, durable when it resolves: what this object writes from now on carries its number, and what another one still
   * writes with an older number, or never began one after the first was begun, is refused as `StorageBroken` and changes nothing.
   *
   * @param onDeposed Called once, when a write is refused because a later epoch has begun, or when `add` finds that one has, before it resolves.
   * @returns the number of the epoch, above all before.
   */
  readonly lead: (onDeposed: () => void) => TaskEither<Failure, number>

  /**
   * Writes payload and record in one step, whoever leads, unless a record is there that must stay; durable when it resolves.
   *
   * @param mayReplace Asked in that step about a record that is there.
   * @returns the record that is there now: the one given, or the one that had to stay.
   */
  readonly add: (
    record: BlobRecord,
    payload: Payload,
    mayReplace: (existing: BlobRecord) => boolean,
  ) => TaskEither<Failure, BlobRecord>
}

/** What the device gives to this store and all else that shares its quota, in bytes. */
export interface Room {
  readonly usedBytes: number
  readonly quotaBytes: number
}

/**
 * Staging of which the beginning can be kept. It is forgotten with the next record of the blob that is written without a `download`, and by all that
 * writes, drops or removes a payload of the blob.
 */
export interface KeepingPower {
  readonly stage: (key: BlobKey) => TaskEither<Failure, LastingStaging>

  /**
   * Opens again what was kept for a blob: its first bytes, so many, to which more can be added. A staging of it that is still open ends first,
   * and what it has not kept is forgotten. `none` if so many were not kept.
   */
  readonly restage: (key: BlobKey, sizeBytes: number) => TaskEither<Failure, Option<LastingStaging>>
}

/** Staging that can outlive who writes it. Exactly one of `commit`, `discard` and `leave` ends it; a crash leaves it. */
export interface LastingStaging extends Staging {
  /**
   * Keeps the bytes, at least as many as the `download` of the record tells, in place of what was kept for the blob before, and writes the record, in
   * one step; durable when it resolves. More may be appended while it is under way.
   *
   * @returns false where the store cannot keep exactly so many: then nothing was written.
   */
  readonly keep: (record: BlobRecord) => TaskEither<Failure, boolean>
  /** Lets go: what was kept stays, all else is forgotten. Harmless after the end. */
  readonly leave: () => TaskEither<Failure, void>
  /** Of what was kept, the bytes from one place up to another, which is left out. For a store that wraps another. */
  readonly read: (from: number, to: number) => TaskEither<Failure, Bytes>
}

/** Bytes on their way into a store. Exactly one of `commit` and `discard` ends it; a crash discards it. */
export interface Staging {
  /** Adds bytes at the end. They are the store's from then on: nobody changes them. */
  readonly append: (bytes: Uint8Array) => TaskEither<Failure, void>
  /** Makes the bytes the payload of `record`, as `Store.write` does: atomic, durable, replacing. */
  readonly commit: (record: BlobRecord) => TaskEither<Failure, void>
  /** Forgets the bytes, kept ones too. Harmless after the end. */
  readonly discard: () => TaskEither<Failure, void>
}
