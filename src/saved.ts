import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Failure } from './model/failure'
import { keyText, type BlobKey } from './model/ids'
import type { BlobRecord } from './model/record'
import { stagedBy } from './staged-by'
import type { Staging, Store } from './store/store'

/** Who is told of each blob, by its key as text, that somebody begins or ends to write about it. */
export interface Writers {
  readonly hold: (key: string) => void
  readonly release: (key: string) => void
}

/** A store that notes which records, as objects, it gave or was given: all others are known to this tab alone. */
export const notingStore = (store: Store, writers: Writers) => {
  const saved = new WeakSet<BlobRecord>()
  const noting =
    <A>(records: readonly BlobRecord[], write: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const result = await writing(records, write)
      if (E.isRight(result)) for (const record of records) saved.add(record)
      return result
    }
  const writing = async <A>(keys: readonly BlobKey[], write: TE.TaskEither<Failure, A>): Promise<E.Either<Failure, A>> => {
    const texts = keys.map(keyText)
    for (const text of texts) writers.hold(text)
    try {
      return await write()
    } finally {
      for (const text of texts) writers.release(text)
    }
  }
  const noted = (staging: Staging): Staging => ({
    append: (bytes) => staging.append(bytes),
    commit: (record) => noting([record], staging.commit(record)),
    discard: () => staging.discard(),
  })
  const all: Store = {
    ...store,
    records: () => async () => {
      const found = await store.records()()
      if (E.isRight(found)) for (const record of found.right) if (E.isRight(record)) saved.add(record.right)
      return found
    },
    write: (record, payload) => noting([record], store.write(record, payload)),
    remember: (records) => noting(records, store.remember(records)),
    drop: (record) => noting([record], store.drop(record)),
    remove: (keys) => () => writing(keys, store.remove(keys)),
    ...stagedBy(store, noted, (staging) => ({
      ...noted(staging),
      keep: (record) => noting([record], staging.keep(record)),
      leave: () => staging.leave(),
      read: (from, to) => staging.read(from, to),
    })),
  }
  return { store: all, isSaved: (record: BlobRecord) => saved.has(record) }
}
