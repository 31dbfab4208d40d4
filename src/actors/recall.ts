import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobRecord } from '../model/record'
import type { Opened, Store } from '../store/store'
import type { Tools } from './tools'

/** What a device remembers when it starts. */
export interface Recalled {
  readonly records: readonly BlobRecord[]
  readonly corrupt: readonly Failure[]
  /** How many rest in the store, where it can be asked for them; else they are among the records. */
  readonly counts: Opened['counts'] | null
}

/** Reads all records, and empties the trash of what has rested in it for longer than `trashMs`. */
export const recall = (tools: Tools, trashMs: number): TE.TaskEither<Failure, Recalled> =>
  pipe(
    readAll(tools.store),
    TE.chain(({ restless: found, counts }) => {
      const corrupt = found.flatMap((record) => (E.isLeft(record) ? [record.left] : []))
      const sound = found.flatMap((record) => (E.isRight(record) ? [record.right] : []))
      const isSpent = (record: BlobRecord) => record.trashedAtMs !== null && record.trashedAtMs + trashMs <= tools.now()
      const spent = sound.filter(isSpent)
      const recalled: Recalled = { records: sound.filter((record) => !isSpent(record)), corrupt, counts }
      return spent.length === 0
        ? TE.right(recalled)
        : pipe(
            tools.store.remove(spent),
            TE.map(() => recalled),
          )
    }),
  )

const readAll = ({
  resting,
  shared,
  ...store
}: Store): TE.TaskEither<Failure, Pick<Opened, 'restless'> & Pick<Recalled, 'counts'>> =>
  shared === undefined && resting !== undefined
    ? resting.open()
    : TE.map((restless: Opened['restless']) => ({ restless, counts: null }))(store.records())
