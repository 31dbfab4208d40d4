import * as E from 'fp-ts/Either'
import type { Clock } from '../clock'
import type { Bytes } from '../model/bytes'
import type { Failure } from '../model/failure'
import { keyText, type BlobKey, type Namespace } from '../model/ids'
import { SMALL_BYTES_MAX } from '../model/record'
import { wholeOf } from './whole-of'
import { collector, type Group } from './collector'
import type { BatchPower, CallOptions, Download, Received, Remote } from '../remote/remote'

export interface BatchedOptions {
  /** How many batches may be under way at once; 0 switches them off. */
  readonly lanes: number
  /** The most blobs of one. */
  readonly itemsMax: number
  readonly clock: Clock
  /** Ends the question for powers. */
  readonly signal: AbortSignal
  /** Told once, when the remote has said that it takes batches. */
  readonly onBatches: () => void
}

/**
 * A remote in which transfers that may batch share requests, those of one direction and namespace, once it has said that it has the
 * power. A batch that fails because of a blob is done again one by one, so that each blob has an answer of its own.
 */
export const batched = (remote: Remote, options: BatchedOptions): Remote => {
  const { lanes, itemsMax, clock } = options
  const { batches } = remote
  if (batches === undefined || lanes < 1) return remote
  const power = powerOf(remote, options)
  const group = collector({ lanes, itemsMax, clock })
  const onTheirWay = new Map<string, Promise<unknown>>()
  const uploads = perNamespace((namespace) => group(sendUploads(remote, batches, namespace, onTheirWay)))
  const downloads = perNamespace((namespace) => group(sendDownloads(remote, batches, namespace)))

  return {
    ...remote,

    put: (key, upload) => async () => {
      if (upload.mayBatch !== true) return remote.put(key, upload)()
      if (!power.isThere()) return power.alone(remote.put(key, upload))
      const bytes = await wholeOf(upload)()
      if (E.isLeft(bytes)) return bytes
      const stored = await uploads(key.namespace).add({ key, bytes: bytes.right, options: callOf(upload) }, upload.signal)
      if (E.isRight(stored)) upload.onProgress?.(upload.sizeBytes)
      return stored
    },

    get:
      (key, options = {}) =>
      async () => {
        if (options.mayBatch !== true) return remote.get(key, options)()
        return power.isThere()
          ? downloads(key.namespace).add({ key, options: callOf(options) }, options.signal)
          : power.alone(remote.get(key, options))
      },

    // A blob that was called off may be in a batch that goes on for the others: it must not arrive after its deletion.
    delete: (key, options) => async () => {
      await onTheirWay.get(keyText(key))
      return remote.delete(key, options)()
    },
  }
}

/** A remote that cannot say what it can do is asked again after this long. */
const ASK_AGAIN_MS = 60_000

/** Whether the remote takes batches: it is asked when two small transfers are under way at once, and until it answers each goes alone. */
const powerOf = (remote: Remote, { signal, clock, onBatches }: BatchedOptions) => {
  let state: 'unknown' | 'asked' | 'there' | 'missing' = 'unknown'
  let underWay = 0
  let askAgainAtMs = 0
  const ask = async () => {
    state = 'asked'
    const supports = await remote.supports({ signal })()
    state = E.isLeft(supports) ? 'unknown' : supports.right.batches ? 'there' : 'missing'
    if (state === 'there') onBatches()
    askAgainAtMs = clock.now() + ASK_AGAIN_MS
  }
  return {
    isThere: () => state === 'there',
    alone: async <A>(transfer: () => Promise<A>): Promise<A> => {
      underWay += 1
      if (underWay > 1 && state === 'unknown' && clock.now() >= askAgainAtMs) void ask()
      try {
        return await transfer()
      } finally {
        underWay -= 1
      }
    },
  }
}

const perNamespace = <Item, A>(make: (namespace: Namespace) => Group<Item, A>) => {
  const made = new Map<Namespace, Group<Item, A>>()
  return (namespace: Namespace): Group<Item, A> => {
    const group = made.get(namespace) ?? make(namespace)
    made.set(namespace, group)
    return group
  }
}

/** What of its options holds for a blob that goes alone after all: its own signal ends it then, also while its body is read. */
const callOf = ({ signal }: CallOptions): CallOptions => (signal === undefined ? {} : { signal })

interface SmallDownload {
  readonly key: BlobKey
  readonly options: CallOptions
}

interface SmallUpload extends SmallDownload {
  readonly bytes: Bytes
}

const sendUploads =
  (remote: Remote, batches: BatchPower, namespace: Namespace, onTheirWay: Map<string, Promise<unknown>>) =>
  async (items: readonly SmallUpload[], signal: AbortSignal): Promise<readonly E.Either<Failure, void>[]> => {
    const alone = ({ key, bytes, options }: SmallUpload) =>
      remote.put(key, { ...options, sizeBytes: bytes.length, body: bytes })()
    if (items.length === 1) return oneByOne(items, alone)
    const blobs = items.map(({ key: { id }, bytes }) => ({ id, bytes }))
    const sending = batches.put(namespace, blobs, { signal })()
    const arrival = sending.catch(() => {})
    for (const { key } of items) onTheirWay.set(keyText(key), arrival)
    void arrival.then(() => {
      for (const { key } of items) if (onTheirWay.get(keyText(key)) === arrival) onTheirWay.delete(keyText(key))
    })
    const stored = await sending
    if (E.isRight(stored)) return stored.right
    return isAboutABlob(stored.left) ? oneByOne(items, alone) : items.map(() => stored)
  }

const sendDownloads =
  (remote: Remote, batches: BatchPower, namespace: Namespace) =>
  async (items: readonly SmallDownload[], signal: AbortSignal): Promise<readonly E.Either<Failure, Download>[]> => {
    const alone = ({ key, options }: SmallDownload) => remote.get(key, options)()
    if (items.length === 1) return oneByOne(items, alone)
    const ids = items.map(({ key }) => key.id)
    const got = await batches.get(namespace, ids, { signal, bytesMax: items.length * ENCRYPTED_BYTES_MAX })()
    if (E.isLeft(got)) return isAboutABlob(got.left) ? oneByOne(items, alone) : items.map(() => got)
    return got.right.map(E.map(downloadOf))
  }

/** A small blob, and what encryption adds to it. */
const ENCRYPTED_BYTES_MAX = SMALL_BYTES_MAX + 1024

const oneByOne = async <Item, A>(items: readonly Item[], run: (item: Item) => Promise<A>): Promise<readonly A[]> => {
  const answers: A[] = []
  for (const item of items) answers.push(await run(item))
  return answers
}

/** Whether another request for a part of the blobs may do better than the one that failed so. */
const isAboutABlob = (reason: Failure): boolean => {
  switch (reason._tag) {
    case 'Exists':
    case 'NotFound':
    case 'Forbidden':
    case 'TooLarge':
    case 'QuotaExceeded':
    case 'Tampered':
    case 'Corrupt':
      return true
    case 'ServerError':
      return reason.status < 500
    case 'Unreachable':
    case 'Throttled':
    case 'Unauthorized':
    case 'StorageFull':
    case 'StorageBroken':
    case 'Aborted':
      return false
  }
}

const downloadOf = ({ bytes, tag }: Received): Download => ({
  sizeBytes: bytes.length,
  tag,
  body: new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(bytes)
      controller.close()
    },
  }),
})
