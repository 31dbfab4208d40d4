import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { onTestFinished } from 'vitest'
import { soledadCipher } from '../../src/cipher/soledad'
import {
  createBlobSync,
  type BlobRecord,
  type BlobSync,
  type BlobSyncOptions,
  type BlobView,
  type Failure,
  type Remote,
} from '../../src/index'
import { newBlobKey } from '../../src/model/ids'
import { newRecord } from '../../src/model/record'
import { memoryRemote } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'

export const secret = new Uint8Array(96).fill(7)
export const cipher = soledadCipher(secret)

export const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value)

/** A device in memory that looks for changes when it is told to, closed at the end of the test. */
export const device = (given: Partial<BlobSyncOptions> = {}): BlobSync => {
  const blobs = createBlobSync({ store: memoryStore(), remote: memoryRemote(), cipher, live: false, ...given })
  onTestFinished(() => blobs.close())
  return blobs
}

/** A record as a store may hold it. */
export const recordOf = (id: string, given: Partial<BlobRecord> & Pick<BlobRecord, 'status'>): BlobRecord => {
  const key = newBlobKey(id)
  if (E.isLeft(key)) throw new TypeError(key.left.message)
  return newRecord({ ...key.right, changedAtMs: 1, ...given })
}

export type Call = 'list' | 'put' | 'get' | 'stat' | 'delete'

/** A remote that notes what is called, as `put a`, and waits at each call for what `before` gives. */
export const watched = (remote: Remote, before: (call: Call, id: string) => Promise<void> | void = () => {}) => {
  const calls: string[] = []
  const noted = <A>(call: Call, id: string, use: TE.TaskEither<Failure, A>) =>
    pipe(
      TE.fromTask<void, Failure>(async () => {
        calls.push(`${call} ${id}`)
        await before(call, id)
      }),
      TE.chain(() => use),
    )
  const watching: Remote = {
    ...remote,
    list: (request) => noted('list', request.namespace, remote.list(request)),
    put: (key, upload) => noted('put', key.id, remote.put(key, upload)),
    get: (key, options) => noted('get', key.id, remote.get(key, options)),
    stat: (key, options) => noted('stat', key.id, remote.stat(key, options)),
    delete: (key, options) => noted('delete', key.id, remote.delete(key, options)),
  }
  return { remote: watching, calls }
}

/** A promise and what resolves it. */
export const gate = () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Resolves at the first view of a blob for which `isSo` holds. */
export const seen = (blobs: BlobSync, id: string, isSo: (view: BlobView) => boolean): Promise<BlobView> =>
  new Promise((resolve) => {
    let stop: (() => void) | null = null
    let found: BlobView | null = null
    stop = blobs.blob(id).subscribe((view) => {
      if (found !== null || !isSo(view)) return
      found = view
      stop?.()
      resolve(view)
    })
    if (found !== null) stop()
  })
