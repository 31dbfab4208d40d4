import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../../src/model/failure'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import type { Room, Staging, Store } from '../../src/store/store'

/** A disk of so many bytes. */
export interface Disk {
  readonly memory: Memory
  quotaBytes: number
  /** What others keep on it. */
  othersBytes: number
  /** How often it was asked for its room. */
  asked: number
  /** What it says of itself. */
  tell: (room: Room) => Room
}

export const disk = (quotaBytes: number): Disk => ({
  memory: newMemory(),
  quotaBytes,
  othersBytes: 0,
  asked: 0,
  tell: (room) => room,
})

export const usedBytes = ({ memory, othersBytes }: Disk): number =>
  [...memory.payloads.values()].reduce((sum, { length }) => sum + length, othersBytes)

/** A memory store on a small disk: what does not fit is `StorageFull`, and it tells its room. */
export const smallStore = (on: Disk): Store => {
  const store = memoryStore(on.memory)
  const fits =
    (bytes: number): TE.TaskEither<Failure, void> =>
    async () =>
      usedBytes(on) + bytes <= on.quotaBytes
        ? E.right(undefined)
        : E.left(failure('StorageFull', 'No room is left on this disk.'))
  return {
    ...store,
    write: (record, payload) => TE.chain(() => store.write(record, payload))(fits(payload.sizeBytes)),
    stage: (key) =>
      TE.map((staging: Staging) => {
        let staged = 0
        return {
          ...staging,
          append: (bytes: Uint8Array) => () => {
            staged += bytes.length
            return TE.chain(() => staging.append(bytes))(fits(staged))()
          },
        }
      })(store.stage(key)),
    room: () => () => {
      on.asked += 1
      return Promise.resolve(E.right(on.tell({ usedBytes: usedBytes(on), quotaBytes: on.quotaBytes })))
    },
  }
}
