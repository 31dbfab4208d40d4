import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { joined, type Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText } from '../model/ids'
import { bytesPayload, type Payload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { checkRecord } from './check-record'
import type { Staging, Store } from './store'

/** What a memory store keeps, by `namespace/id`. Given to a second store, it is as a disk after a restart. */
export interface Memory {
  readonly records: Map<string, unknown>
  readonly payloads: Map<string, Bytes>
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

  const readAndKeep = async (record: BlobRecord, payload: Payload): Promise<E.Either<Failure, void>> => {
    const bytes = await payload.read()()
    if (E.isLeft(bytes)) return bytes
    keep(record)
    memory.payloads.set(keyText(record), bytes.right)
    return E.right(undefined)
  }

  const write = (record: BlobRecord, payload: Payload) =>
    whileOpen(() => {
      const writing = readAndKeep(record, payload)
      underWay.add(writing)
      void writing.then(() => underWay.delete(writing))
      return writing
    })

  const stage = (): Staging => {
    let parts: Uint8Array[] = []
    let isOver = false
    const whileStaged = <A>(run: () => TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
      isOver ? TE.left(failure('StorageBroken', 'The staging has ended.')) : run()
    const end = () => {
      isOver = true
      parts = []
    }
    return {
      append: (bytes) => () => whileStaged(() => whileOpen<void>(() => (parts.push(bytes), E.right(undefined))))(),
      commit: (record) => () =>
        whileStaged(() => {
          const payload = bytesPayload(joined(parts))
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
    read: (key) => whileOpen(() => E.right(O.map(bytesPayload)(O.fromNullable(memory.payloads.get(keyText(key)))))),
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
