import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { joined, type Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { bytesPayload, type Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { checkRecord } from './check-record'
import type { LastingStaging, SharedPower, Store } from './store'

/** What a memory store keeps, by `namespace/id`. Given to a second store, it is as a disk after a restart. */
export interface Memory {
  readonly records: Map<string, unknown>
  readonly payloads: Map<string, Bytes>
  /** What was kept of staging, in the parts that it came in: joined at each time, a big blob would be copied over and over. */
  readonly kept: Map<string, readonly Uint8Array[]>
  readonly notes: Map<string, string>
  /** Given, several stores may be open over it at once. */
  readonly name: string | null
  /** Who leads of them: the latest that began an epoch. */
  epoch: number
}

/**
 * A place for a memory store to keep its blobs that outlives the store.
 *
 * @param name Makes stores over it able to share it, as tabs share a database; nothing else may bear the name. @default not shared
 */
export const newMemory = (name: string | null = null): Memory => ({
  records: new Map(),
  payloads: new Map(),
  kept: new Map(),
  notes: new Map(),
  name,
  epoch: 0,
})

/**
 * A store that forgets everything with the process: for tests, and for apps that only pass blobs on.
 *
 * @param memory Where it keeps them. @default a memory of its own
 */
export const memoryStore = (memory: Memory = newMemory()): Store => {
  const underWay = new Set<Promise<unknown>>()
  let isOpen = true
  let ownEpoch = 0
  let onDeposed = () => {}

  const whileOpen =
    <A>(run: () => E.Either<Failure, A> | Promise<E.Either<Failure, A>>): TE.TaskEither<Failure, A> =>
    async () =>
      isOpen ? run() : E.left(failure('StorageBroken', 'The store is closed.'))

  const tellDeposed = () => {
    const tell = onDeposed
    onDeposed = () => {}
    tell()
  }

  /** Changes what is kept, unless another store over the same memory leads. */
  const whileLeading = <A>(change: () => A): E.Either<Failure, A> => {
    if (memory.epoch === ownEpoch) return E.right(change())
    tellDeposed()
    return E.left(failure('StorageBroken', 'Another tab leads: it alone changes what is stored.'))
  }

  const keep = (record: BlobRecord) => {
    memory.records.set(keyText(record), { ...record })
    if (record.download === null) memory.kept.delete(keyText(record))
  }
  const keepAll = (record: BlobRecord, bytes: Bytes) => {
    keep(record)
    memory.payloads.set(keyText(record), bytes)
    memory.kept.delete(keyText(record))
  }

  const underWayUntilDone = <A>(running: Promise<E.Either<Failure, A>>) => {
    underWay.add(running)
    void running.then(() => underWay.delete(running))
    return running
  }

  const withBytes = <A>(payload: Payload, use: (bytes: Bytes) => E.Either<Failure, A>) =>
    whileOpen(() => underWayUntilDone(payload.read()().then(E.chain(use))))

  const write = (record: BlobRecord, payload: Payload) =>
    withBytes(payload, (bytes) => whileLeading(() => keepAll(record, bytes)))

  const recordAt = (place: string): E.Either<Failure, O.Option<BlobRecord>> =>
    memory.records.has(place) ? E.map(O.some<BlobRecord>)(checkRecord(place, memory.records.get(place))) : E.right(O.none)

  const shared = (name: string): SharedPower => ({
    name,
    lead: (tell) =>
      whileOpen(() => {
        onDeposed = tell
        memory.epoch += 1
        ownEpoch = memory.epoch
        return E.right(ownEpoch)
      }),
    add: (record, payload, mayReplace) =>
      withBytes(payload, (bytes) =>
        pipe(
          recordAt(keyText(record)),
          E.map((existing) => {
            if (O.isSome(existing) && !mayReplace(existing.value)) return existing.value
            keepAll(record, bytes)
            if (memory.epoch !== ownEpoch) tellDeposed()
            return record
          }),
        ),
      ),
  })

  const open = new Map<string, () => void>()

  const stage = (key: BlobKey, kept: readonly Uint8Array[] | null = null, beginning = kept ?? []): LastingStaging => {
    const place = keyText(key)
    let parts = [...beginning]
    let isOver = false
    const whileStaged = <A>(run: () => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
      isOver ? TE.left(failure('StorageBroken', 'The staging has ended.')) : run()
    const end = () => {
      isOver = true
      parts = []
      if (open.get(place) === end) open.delete(place)
    }
    open.set(place, end)
    return {
      append: (bytes) => () => whileStaged(() => whileOpen<void>(() => (parts.push(bytes), E.right(undefined))))(),
      commit: (record) => () =>
        whileStaged(() => {
          const payload = bytesPayload(joined(parts))
          end()
          return write(record, payload)
        })(),
      keep: (record) => () =>
        whileStaged(() =>
          whileOpen(() =>
            whileLeading(() => {
              keep(record)
              memory.kept.set(place, (kept = [...parts]))
              return true
            }),
          ),
        )(),
      read: (from, to) => () => whileStaged(() => TE.right(joined(parts).slice(from, to)))(),
      leave: () => TE.fromIO(end),
      discard: () =>
        TE.fromIO(() => {
          end()
          if (kept !== null && memory.epoch === ownEpoch && memory.kept.get(place) === kept) memory.kept.delete(place)
        }),
    }
  }

  const restage = (key: BlobKey, sizeBytes: number): O.Option<LastingStaging> => {
    open.get(keyText(key))?.()
    const kept = memory.kept.get(keyText(key))
    if (kept === undefined) return O.none
    return pipe(
      O.fromNullable(beginningOf(kept, sizeBytes)),
      O.map((beginning) => stage(key, kept, beginning)),
    )
  }

  return {
    records: () => whileOpen(() => E.right([...memory.records].map(([place, record]) => checkRecord(place, record)))),
    record: (key) => whileOpen(() => recordAt(keyText(key))),
    read: (key) => whileOpen(() => E.right(O.map(bytesPayload)(O.fromNullable(memory.payloads.get(keyText(key)))))),
    write,
    remember: (records) => whileOpen(() => whileLeading(() => records.forEach(keep))),
    drop: (record) =>
      whileOpen(() =>
        whileLeading(() => {
          keep(record)
          memory.payloads.delete(keyText(record))
          memory.kept.delete(keyText(record))
        }),
      ),
    remove: (keys) =>
      whileOpen(() =>
        whileLeading(() =>
          keys.forEach((key) => {
            memory.records.delete(keyText(key))
            memory.payloads.delete(keyText(key))
            memory.kept.delete(keyText(key))
          }),
        ),
      ),
    stage: (key) => whileOpen(() => E.right(stage(key))),
    keeping: {
      stage: (key) => whileOpen(() => E.right(stage(key))),
      restage: (key, sizeBytes) => whileOpen(() => E.right(restage(key, sizeBytes))),
    },
    notes: {
      read: (name) => whileOpen(() => E.right(O.fromNullable(memory.notes.get(name)))),
      write: (name, text) =>
        whileOpen(() =>
          whileLeading(() => {
            if (text === null) memory.notes.delete(name)
            else memory.notes.set(name, text)
          }),
        ),
    },
    ...(memory.name === null ? {} : { shared: shared(memory.name) }),
    close: () => async () => {
      isOpen = false
      await Promise.all(underWay)
      return E.right(undefined)
    },
  }
}

/** The first so many bytes; null if there are fewer. */
const beginningOf = (parts: readonly Uint8Array[], sizeBytes: number): readonly Uint8Array[] | null => {
  let leftBytes = sizeBytes
  const beginning: Uint8Array[] = []
  for (const part of parts) {
    if (leftBytes === 0) break
    const taken = part.subarray(0, leftBytes)
    beginning.push(taken)
    leftBytes -= taken.length
  }
  return leftBytes === 0 ? beginning : null
}
