import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import type { BlobRecord } from '../model/record'
import { checkRecord } from './check-record'
import type { Staging, Store } from './store'

/** What a memory store keeps, by `namespace/id`. Given to a second store, it is as a disk after a restart. */
export interface Memory {
  readonly records: Map<string, unknown>
  readonly payloads: Map<string, Blob>
}

/** A place for a memory store to keep its blobs that outlives the store. */
export const newMemory = (): Memory => ({ records: new Map(), payloads: new Map() })

/**
 * A store that forgets everything with the process: for tests, and for apps that only pass blobs on.
 *
 * @param memory Where it keeps them. @default a memory of its own
 */
export const memoryStore = (memory: Memory = newMemory()): Store => {
  const underWay = new Set<Promise<unknown>>()
  let isOpen = true

  const whileOpen =
    <A>(run: () => E.Either<Failure, A> | Promise<E.Either<Failure, A>>): TE.TaskEither<Failure, A> =>
    async () =>
      isOpen ? run() : E.left(failure('StorageBroken', 'The store is closed.'))

  const keep = (record: BlobRecord) => memory.records.set(keyText(record), { ...record })

  const copyAndKeep = async (record: BlobRecord, payload: Blob): Promise<E.Either<Failure, void>> => {
    const copied = await copyOf(payload)
    if (E.isLeft(copied)) return copied
    keep(record)
    memory.payloads.set(keyText(record), copied.right)
    return E.right(undefined)
  }

  const write = (record: BlobRecord, payload: Blob) =>
    whileOpen(() => {
      const writing = copyAndKeep(record, payload)
      underWay.add(writing)
      void writing.then(() => underWay.delete(writing))
      return writing
    })

  const stage = (): Staging => {
    let parts: Uint8Array<ArrayBuffer>[] = []
    let isOver = false
    const whileStaged = <A>(run: () => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
      isOver ? TE.left(failure('StorageBroken', 'The staging has ended.')) : run()
    const end = () => {
      isOver = true
      parts = []
    }
    return {
      append: (bytes) => () =>
        whileStaged(() => whileOpen<void>(() => (parts.push(new Uint8Array(bytes)), E.right(undefined))))(),
      commit: (record) => () =>
        whileStaged(() => {
          const payload = new Blob(parts)
          end()
          return write(record, payload)
        })(),
      discard: () => TE.fromIO(end),
    }
  }

  return {
    records: () => whileOpen(() => E.right([...memory.records].map(([place, record]) => checkRecord(place, record)))),
    record: (key) =>
      whileOpen(() => {
        const place = keyText(key)
        return memory.records.has(place)
          ? E.map(O.some<BlobRecord>)(checkRecord(place, memory.records.get(place)))
          : E.right(O.none)
      }),
    read: (key) => whileOpen(() => E.right(O.fromNullable(memory.payloads.get(keyText(key))))),
    write,
    remember: (records) => whileOpen(() => E.right(records.forEach(keep))),
    drop: (record) =>
      whileOpen<void>(() => {
        keep(record)
        memory.payloads.delete(keyText(record))
        return E.right(undefined)
      }),
    remove: (keys) =>
      whileOpen(() =>
        E.right(
          keys.forEach((key) => {
            memory.records.delete(keyText(key))
            memory.payloads.delete(keyText(key))
          }),
        ),
      ),
    stage: () => whileOpen(() => E.right(stage())),
    close: () => async () => {
      isOpen = false
      await Promise.all(underWay)
      return E.right(undefined)
    },
  }
}

/** A file behind a `Blob` may change or go; what the store holds must not. */
const copyOf = async (payload: Blob): Promise<E.Either<Failure, Blob>> => {
  try {
    return E.right(new Blob([await payload.arrayBuffer()]))
  } catch (error) {
    return E.left(failure('StorageBroken', `The content to be stored could not be read: ${String(error)}`))
  }
}
