import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { promisifyRequest } from 'idb-keyval'
import type { Failure } from '../../src/model/failure'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { newRecord, type BlobRecord } from '../../src/model/record'
import type { Store } from '../../src/store/store'

/** What a task gave; it must not fail. */
export const done = async <A>(task: TaskEither<Failure, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw new Error(`${result.left._tag}: ${result.left.message}`)
  return result.right
}

/** How a task failed; it must. */
export const failed = async (task: TaskEither<Failure, unknown>): Promise<Failure> => {
  const result = await task()
  if (E.isRight(result)) throw new Error('It should have failed.')
  return result.left
}

export const key = (id: string): BlobKey => {
  const made = blobKey(id)
  if (E.isLeft(made)) throw new Error(made.left.message)
  return made.right
}

export const recordOf = (id: string, given: Partial<BlobRecord> = {}): BlobRecord =>
  newRecord({ ...key(id), status: 'PENDING_UPLOAD', isHere: true, changedAtMs: 1, ...given })

/** Bytes that differ by seed and by place. */
export const bytesOf = (sizeBytes: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes)
  for (let place = 0; place < sizeBytes; place += 1) bytes[place] = (place * 31 + (place >> 8) * 17 + seed * 101) & 255
  return bytes
}

/** The bytes that a store holds for a blob; null if it holds none. */
export const payloadOf = async (store: Store, id: string): Promise<Uint8Array | null> => {
  const payload = await done(store.read(key(id)))
  return O.isNone(payload) ? null : done(payload.value.read())
}

/** The ids that a store lists, in its order. */
export const idsIn = async (store: Store): Promise<readonly string[]> =>
  (await done(store.records())).map((record) => (E.isRight(record) ? record.right.id : record.left._tag))

/** Opens a database as any other program would. */
export const openRaw = async (name: string, version?: number): Promise<IDBDatabase> => {
  const asked = indexedDB.open(name, version)
  asked.addEventListener('upgradeneeded', () => {
    if (version === undefined) asked.result.createObjectStore('other')
  })
  return promisifyRequest(asked)
}

/** Does something to what a store keeps, behind its back. */
export const behind = async <A>(name: string, run: (objects: IDBObjectStore) => IDBRequest<A>): Promise<A> => {
  const database = await openRaw(name)
  const transaction = database.transaction('blobsync', 'readwrite')
  const asked = run(transaction.objectStore('blobsync'))
  await new Promise((resolve) => transaction.addEventListener('complete', resolve))
  database.close()
  return asked.result
}

export const keysOf = async (name: string, prefix: string): Promise<readonly string[]> =>
  (await behind(name, (objects) => objects.getAllKeys())).map(String).filter((text) => text.startsWith(prefix))
