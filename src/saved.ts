import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from './model/failure'
import type { BlobRecord } from './model/record'
import type { Store } from './store/store'

/** A store that notes which records, as objects, it gave or was given: all others are known to this tab alone. */
export const notingStore = (store: Store) => {
  const saved = new WeakSet<BlobRecord>()
  const noting =
    <A>(records: readonly BlobRecord[], write: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const result = await write()
      if (E.isRight(result)) for (const record of records) saved.add(record)
      return result
    }
  const noted: Store = {
    ...store,
    records: () => async () => {
      const found = await store.records()()
      if (E.isRight(found)) for (const record of found.right) if (E.isRight(record)) saved.add(record.right)
      return found
    },
    write: (record, payload) => noting([record], store.write(record, payload)),
    remember: (records) => noting(records, store.remember(records)),
    drop: (record) => noting([record], store.drop(record)),
    stage: (key) =>
      pipe(
        store.stage(key),
        TE.map((staging) => ({ ...staging, commit: (record) => noting([record], staging.commit(record)) })),
      ),
  }
  return { store: noted, isSaved: (record: BlobRecord) => saved.has(record) }
}
