import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { createBlobSync } from '../../src/blob-sync'
import type { Cipher } from '../../src/cipher/cipher'
import type { Clock } from '../../src/clock'
import type { Connectivity } from '../../src/connectivity'
import { failure, throttled, type Failure } from '../../src/model/failure'
import type { BlobKey } from '../../src/model/ids'
import type { BlobSync, BlobSyncOptions } from '../../src/options'
import { memoryRemote, remoteMemory, type RemoteMemory } from '../../src/remote/memory'
import { memoryBatches } from '../../src/remote/memory-batches'
import { noPowers, type CallOptions, type Page, type Remote, type SmallBlob } from '../../src/remote/remote'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import { readWhole } from '../../src/remote/read-whole'
import type { Store } from '../../src/store/store'
import { settled, virtualClock } from '../virtual-clock'

export const bytes = (text: string) => new TextEncoder().encode(text)

export const unreachable = failure('Unreachable', 'The line is cut.')
export const unauthorized = failure('Unauthorized', 'The token is old.')
export const quotaExceeded = failure('QuotaExceeded', 'The account is full.')
export const tooMany = (retryAfterMs: number | null) => throttled('Too many requests.', retryAfterMs, true)
export const unavailable = (retryAfterMs: number) => throttled('Come back later.', retryAfterMs, false)

const TAG = 'AAAAAAAAAAAAAAAAAAAAAA=='

/** A cipher that hides nothing: these tests are about when things happen. */
export const plainCipher: Cipher = {
  name: 'plain',
  plaintextBytesMax: 1 << 20,
  encryptedBytesMax: 1 << 20,
  encryptedSize: (size) => size,
  seal: async () => 'plain',
  recognises: () => true,
  encrypt: (_key, _seal, payload) =>
    pipe(
      payload.read(),
      TE.map((body) => ({ sizeBytes: body.length, body, tag: TE.right(TAG) })),
    ),
  decrypt: (_key, body, _tag, sink) => async () => {
    const whole = await readWhole(body, 'Unreachable')
    if (E.isLeft(whole)) return whole
    return pipe(
      await sink(whole.right)(),
      E.map(() => ({ sizeBytes: whole.right.length, tag: TAG, isExternal: false })),
    )
  },
  contentId: () => TE.right('content'),
}

/** A clock that a test moves and that tells how many timers wait. */
export const countingClock = () => {
  const clock = virtualClock()
  const pending = new Map<unknown, number>()
  const counting: Clock & { readonly advance: (ms: number) => Promise<void>; readonly pending: () => number } = {
    now: clock.now,
    setTimeout: (run, delayMs) => {
      const id: unknown = clock.setTimeout(() => {
        pending.delete(id)
        run()
      }, delayMs)
      pending.set(id, delayMs)
      return id
    },
    clearTimeout: (id) => {
      pending.delete(id)
      clock.clearTimeout(id)
    },
    advance: clock.advance,
    pending: () => pending.size,
  }
  return counting
}

export type Verb = 'put' | 'get' | 'delete' | 'list' | 'put batch' | 'get batch'

export interface Call {
  readonly verb: Verb
  /** Of a batch: all of them, parted by spaces. */
  readonly id: string
  readonly atMs: number
}

/** What a remote answers before it does as it was told; null: nothing. It may take its time. */
export type Script = (call: Call) => Failure | null | Promise<Failure | null>

export interface World {
  readonly clock: ReturnType<typeof countingClock>
  readonly memory: Memory
  readonly remoteMemory: RemoteMemory
  readonly calls: Call[]
  /** The most calls of one kind that were under way at once. */
  readonly most: { transfers: number; uploads: number; storage: number; reads: number }
  refreshes: number
  script: Script
  refresh: () => boolean
  /** Whether the remote offers batches. @default false */
  offersBatches: boolean
  /** Called instead of an answer when the remote is asked for its powers. @default it answers */
  cannotSay: (() => void) | null
  readonly online: (isOnline: boolean) => void
  readonly start: (options?: Partial<BlobSyncOptions>) => BlobSync
}

export const world = (script: Script = () => null): World => {
  const clock = countingClock()
  const listeners = new Set<(isOnline: boolean) => void>()
  let isOnline = true
  const connectivity: Connectivity = {
    isOnline: () => isOnline,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const made: World = {
    clock,
    memory: newMemory(),
    remoteMemory: remoteMemory(),
    calls: [],
    most: { transfers: 0, uploads: 0, storage: 0, reads: 0 },
    refreshes: 0,
    script,
    refresh: () => true,
    offersBatches: false,
    cannotSay: null,
    online: (next) => {
      isOnline = next
      for (const listener of listeners) listener(next)
    },
    start: (options = {}) =>
      createBlobSync({
        live: false,
        store: countedStore(made),
        remote: scriptedRemote(made),
        cipher: plainCipher,
        clock,
        connectivity,
        random: () => 0,
        ...options,
      }),
  }
  return made
}

/** Moves the time on until the promise settles. */
export const bring = async <A>({ clock }: World, promise: Promise<A>, stepMs = 5_000, steps = 2_000): Promise<A> => {
  const settledAt = { step: Number.POSITIVE_INFINITY }
  for (let step = 0; step < steps; step += 1) {
    const over = () => {
      settledAt.step = step
    }
    if (step === 0) promise.then(over, over)
    await settled()
    if (settledAt.step <= step) return promise
    await clock.advance(stepMs)
  }
  throw new Error('It does not come to an end.')
}

const calledOff = failure('Aborted', 'Called off.')

const scriptedRemote = (made: World): Remote => {
  const remote = memoryRemote({ memory: made.remoteMemory })
  const batches = memoryBatches(made.remoteMemory)
  const under = { transfers: 0, uploads: 0 }
  const asked =
    <A>(verb: Verb, id: string, { signal }: CallOptions, run: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      if (signal?.aborted === true) return E.left(calledOff)
      made.calls.push({ verb, id, atMs: made.clock.now() })
      if (verb !== 'list') made.most.transfers = Math.max(made.most.transfers, ++under.transfers)
      if (verb.startsWith('put')) made.most.uploads = Math.max(made.most.uploads, ++under.uploads)
      let isOver = false
      const end = () => {
        if (isOver) return
        isOver = true
        if (verb !== 'list') under.transfers -= 1
        if (verb.startsWith('put')) under.uploads -= 1
      }
      try {
        const called = new Promise<Failure>((resolve) => {
          signal?.addEventListener(
            'abort',
            () => {
              end()
              resolve(calledOff)
            },
            { once: true },
          )
        })
        const answer = await Promise.race([made.script({ verb, id, atMs: made.clock.now() }), called])
        return answer === null ? await run() : E.left(answer)
      } finally {
        end()
      }
    }
  return {
    ...remote,
    supports: () => async () => {
      if (made.cannotSay === null) return E.right({ ...noPowers, batches: made.offersBatches })
      made.cannotSay()
      return E.left(unreachable)
    },
    batches: {
      put: (namespace, blobs, options = {}) => asked('put batch', idsOf(blobs), options, batches.put(namespace, blobs, options)),
      get: (namespace, ids, options) => asked('get batch', ids.join(' '), options, batches.get(namespace, ids, options)),
    },
    list: (request) => asked('list', request.namespace, request, pipe(remote.list(request), TE.map(withSizes(made)))),
    put: (key, upload) => asked('put', key.id, upload, remote.put(key, upload)),
    get: (key, options = {}) => asked('get', key.id, options, remote.get(key, options)),
    delete: (key, options = {}) => asked('delete', key.id, options, remote.delete(key, options)),
    refreshAccess: () => () => {
      made.refreshes += 1
      return Promise.resolve(made.refresh() ? E.right(undefined) : E.left(unauthorized))
    },
  }
}

/** A remote that takes batches tells sizes; tags are told by none, since the plain cipher has but one. */
const withSizes = (made: World) => (page: Page) => ({
  ...page,
  entries: page.entries.map((entry) => ({ ...entry, tag: null, sizeBytes: made.offersBatches ? entry.sizeBytes : null })),
})

const idsOf = (blobs: readonly SmallBlob[]) => blobs.map(({ id }) => id).join(' ')

/** A memory store that notes how many uses are under way; what is uploaded is read with the slot of its transfer. */
const countedStore = (made: World): Store => {
  const store = memoryStore(made.memory)
  const uses = { storage: 0, reads: 0 }
  const counted =
    <A>(kind: keyof typeof uses, use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      uses[kind] += 1
      made.most[kind] = Math.max(made.most[kind], uses[kind])
      try {
        return await use()
      } finally {
        uses[kind] -= 1
      }
    }
  return {
    ...store,
    read: (key: BlobKey) => counted('reads', store.read(key)),
    write: (record, payload) => counted('storage', store.write(record, payload)),
    remember: (records) => counted('storage', store.remember(records)),
    drop: (record) => counted('storage', store.drop(record)),
    remove: (keys) => counted('storage', store.remove(keys)),
  }
}
