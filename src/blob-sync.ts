import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { createActor, fromPromise } from 'xstate'
import {
  batchSlotsOf,
  blobMachine,
  coordinatorMachine,
  defaultDelaysMs,
  DELAY_MS_MAX,
  Roster,
  type CoordinatorEvent,
  type ListOutcome,
  type RecallOutcome,
} from '../machines'
import { batched } from './actors/batched'
import { announced } from './actors/announced'
import { download } from './actors/download'
import { erase, mark } from './actors/erase'
import { list } from './actors/list'
import { recall } from './actors/recall'
import { atRest, type Tools } from './actors/tools'
import { turns } from './actors/turns'
import { upload } from './actors/upload'
import { systemClock } from './clock'
import { alwaysOnline } from './connectivity'
import { payloadOf } from './content'
import { explainBlob } from './explain'
import { openIncoming } from './incoming'
import { failure, type Failure } from './model/failure'
import { blobKey, keyText, Namespace, newBlobKey, type BlobKey } from './model/ids'
import type { Outcome } from './model/outcome'
import { newRecord, type BlobRecord } from './model/record'
import { BlobSyncError, type BlobSync, type BlobSyncOptions, type BlobView, type IncomingHandle } from './options'
import { sameAs } from './same-content'
import { storageSlots } from './storage-slots'
import { isAtRest, syncRound, until } from './sync-round'
import { watch } from './watch'

const INCOMING_POLL_MS = 30_000

const TRASH_MS = 30 * 24 * 60 * 60 * 1000

/** Puts store, remote and cipher together under the coordinator. Nothing is requested before the first work or `sync`. */
export const createBlobSync = (options: BlobSyncOptions): BlobSync => {
  const { store, cipher, transfers = 6 } = options
  const clock = options.clock ?? systemClock
  const connectivity = options.connectivity ?? alwaysOnline()
  const roster = new Roster()
  const inOrder = turns()
  const storage = storageSlots(options.storage ?? 10)
  const remote = batched(options.remote, {
    lanes: batchSlotsOf(transfers),
    clock,
    onBatches: () => send({ type: 'batches.offered' }),
  })
  const backoff = { delaysMs: options.backoff?.delaysMs ?? defaultDelaysMs, jitter: options.backoff?.jitter ?? 0 }
  const boxes: IncomingHandle[] = []
  const closing = new AbortController()
  /** What comes after `close`, an observer that leaves for one, finds nobody. */
  const send = (event: CoordinatorEvent) => {
    if (!closing.signal.aborted) coordinator.send(event)
  }
  let mayRemoveMany = false
  /** Blobs that `get` is fetching; `isNew`: nothing is to be remembered of them unless they come. */
  const askedFor = new Map<string, { callers: number; readonly isNew: boolean }>()
  const markFailed = new Map<string, (reason: Failure) => void>()

  const tools: Tools = {
    store,
    remote,
    cipher,
    now: clock.now,
    random: options.random ?? Math.random,
    inTurn: (keys, use) => () => inOrder(keys.map(keyText), storage.use(use)),
    onProgress: (key, bytes, totalBytes) => shown.onProgress(key, bytes, totalBytes),
  }

  /** A clock that was set back would ask for more than a timer can hold. */
  const waitUntil = (dueAtMs: number | null) => Math.min(Math.max(0, (dueAtMs ?? 0) - clock.now()), DELAY_MS_MAX)

  type Verb = (tools: Tools, record: BlobRecord, signal: AbortSignal) => Promise<Outcome>
  const run = (verb: Verb) =>
    fromPromise<Outcome, { readonly record: BlobRecord }>(({ input, signal }) => verb(tools, input.record, signal))
  const markOrTell: Verb = async (...given) => {
    const outcome = await mark(...given)
    if (!outcome.isDone) markFailed.get(keyText(outcome.record))?.(outcome.failure)
    return outcome
  }

  const machine = coordinatorMachine.provide({
    actors: {
      blob: blobMachine.provide({
        actors: { upload: run(upload), download: run(download), erase: run(erase), mark: run(markOrTell) },
        actions: { remember: ({ context }) => remember(context.record) },
        delays: { backoff: ({ context }) => waitUntil(context.record.dueAtMs) },
      }),
      recall: fromPromise<RecallOutcome>(async () => {
        const result = await recall(tools, options.trashMs ?? TRASH_MS)()
        if (E.isLeft(result)) return { isDone: false, failure: result.left }
        for (const reason of result.right.corrupt) shown.emit('failure.reported', reason)
        return { isDone: true, records: result.right.records }
      }),
      list: fromPromise<ListOutcome>(async ({ signal }) => {
        const result = await list(tools, {
          namespaces: namespacesToList(),
          recordsOf: (namespace) => [...roster.all()].filter((record) => record.namespace === namespace),
          recordOf: (key) => roster.get(key),
          mayRemoveMany,
          signal,
        })()
        if (E.isLeft(result)) return { isDone: false, failure: result.left, roll: tools.random() }
        const { changes } = result.right
        return {
          isDone: true,
          comparison: {
            changed: changes.flatMap((change) => (change.kind === 'forget' ? [] : [change.after])),
            gone: changes.flatMap((change) => (change.kind === 'forget' ? [change.before] : [])),
            report: result.right,
          },
        }
      }),
      refreshAccess: fromPromise<boolean>(async () => E.isRight(await remote.refreshAccess()())),
    },
    delays: { untilDue: ({ context }) => waitUntil(context.roster.earliestDueMs()) },
  })

  const coordinator = createActor(machine, {
    input: {
      transfers,
      liveActors: options.liveActors ?? 64,
      backoff,
      verifyAttempts: options.verifyAttempts ?? 1,
      isOnline: connectivity.isOnline(),
      isPaused: options.paused ?? false,
      roster,
    },
    clock: { setTimeout: (run, delayMs) => clock.setTimeout(run, delayMs), clearTimeout: (id) => clock.clearTimeout(id) },
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  })
  const shown = watch(coordinator, roster)

  const remember = (record: BlobRecord) => {
    void tools
      .inTurn(
        [record],
        pipe(
          announced(store, record),
          TE.chain((known) => store.remember([known])),
        ),
      )()
      .then((result) => {
        if (E.isLeft(result) && !closing.signal.aborted) shown.emit('failure.reported', result.left)
      })
  }

  const namespacesToList = (): readonly Namespace[] => {
    const named = (options.namespaces ?? ['default']).filter(Namespace.is)
    return [...new Set([...named, ...Array.from(roster.all(), ({ namespace }) => namespace)])]
  }

  const ready = new Promise<void>((resolve, reject) => {
    coordinator.on('records.recalled', () => resolve())
    coordinator.on('recall.failed', ({ failure: reason }) => reject(new BlobSyncError(reason)))
    coordinator.subscribe({ complete: () => reject(new BlobSyncError(failure('Aborted', 'blobsync was closed.'))) })
  })
  // Whoever calls anything gets the rejection; nobody has to look at `ready` itself.
  ready.catch(() => {})

  coordinator.on('remote.compared', ({ comparison }) => {
    for (const record of comparison.changed) {
      shown.touch(record)
      if (record.trashedAtMs !== null) shown.emit('blob.trashed', { ...shown.view(record), id: record.id })
      else if (record.missingSinceMs !== null) shown.emit('blob.missing', shown.view(record))
    }
  })
  const stopListening = connectivity.subscribe((isOnline) => send({ type: 'connectivity.changed', isOnline }))
  coordinator.start()

  /** Resolves when the records are read; rejects once closed. */
  const opened = async () => {
    await ready
    if (closing.signal.aborted) throw new BlobSyncError(failure('Aborted', 'blobsync was closed.'))
  }

  /** Waits for the records, then gives the key and what is known under it. */
  const known = async (id: string, namespace?: string) => {
    await opened()
    const key = orThrow(blobKey(id, namespace))
    return { key, record: roster.get(key) }
  }
  const knownOrThrow = async (id: string, namespace?: string) => {
    const { key, record } = await known(id, namespace)
    if (record === undefined) throw new BlobSyncError(failure('NotFound', `No blob “${id}” is known here.`), key)
    return { key, record }
  }
  const getOrThrow = async <A>(use: TE.TaskEither<Failure, A>, key: BlobKey | null = null): Promise<A> =>
    orThrow(await use(), key)

  const blobs: BlobSync = {
    put: async (content, given = {}) => {
      await opened()
      const payload = await getOrThrow(payloadOf(content))
      if (payload.sizeBytes > cipher.plaintextBytesMax) {
        const reason = `A blob has at most ${cipher.plaintextBytesMax} bytes with this cipher; this one has ${payload.sizeBytes}.`
        throw new BlobSyncError(failure('TooLarge', reason))
      }
      const namespace = orThrow(blobKey('x', given.namespace)).namespace
      const isNamedByContent = given.id === 'content'
      const id = isNamedByContent ? await getOrThrow(cipher.contentId(namespace, payload)) : (given.id ?? crypto.randomUUID())
      const key = orThrow(newBlobKey(id, namespace))
      const isPaused = coordinator.getSnapshot().value.transfers === 'paused'
      const write: TE.TaskEither<Failure, BlobRecord> = async () => {
        const existing = roster.get(key)
        if (existing !== undefined && existing.trashedAtMs === null && existing.erasedAtMs === null) {
          const isSame = isNamedByContent && existing.status !== 'PENDING_DELETE'
          if (!isSame) return sameAs(store, existing, payload)()
          // Else it is known from the remote only, whose bytes nobody has verified: these are its content.
          if (existing.isHere) return E.right(existing)
        }
        const record = newRecord({
          ...key,
          status: 'PENDING_UPLOAD',
          held: given.localOnly === true ? 'localOnly' : null,
          priority: given.priority ?? 'medium',
          sizeBytes: payload.sizeBytes,
          isHere: true,
          seal: cipher.seal(),
          uploadWasTried: given.localOnly !== true && !isPaused,
          changedAtMs: clock.now(),
        })
        const written = await store.write(record, payload)()
        if (E.isLeft(written)) return written
        takeIn(record)
        return E.right(record)
      }
      await getOrThrow(tools.inTurn([key], write), key)
      const view = shown.view(key)
      shown.emit('blob.added', view)
      return view
    },

    get: async (id, given = {}) => {
      const { key, record } = await known(id, given.namespace)
      const open = async (held: BlobRecord): Promise<Blob | null> => {
        if (held.isExternal && given.external !== true) {
          const reason = 'Someone else encrypted this blob; nobody verified it. Ask for it as external to have it as it is.'
          throw new BlobSyncError(failure('Forbidden', reason), key)
        }
        const payload = await getOrThrow(tools.inTurn([key], store.read(key)), key)
        return O.isNone(payload) ? null : getOrThrow(payload.value.blob(), key)
      }
      if (record !== undefined) {
        if (record.status === 'FAILED_DOWNLOAD') {
          throw new BlobSyncError(record.failure ?? failure('Tampered', 'What the remote gave did not verify.'), key)
        }
        if (record.status === 'PENDING_DELETE' || record.trashedAtMs !== null) {
          throw new BlobSyncError(failure('NotFound', `The blob “${id}” is deleted.`), key)
        }
        if (record.isHere && record.status !== 'PENDING_DOWNLOAD') {
          const payload = await open(record)
          if (payload !== null) return payload
          if (record.status === 'PENDING_UPLOAD')
            throw new BlobSyncError(failure('Corrupt', `The payload of “${id}” is gone.`), key)
        }
      }
      await fetchNow(key, record, given.signal)
      const fetched = roster.get(key)
      const payload = fetched === undefined ? null : await open(fetched)
      if (payload === null) throw new BlobSyncError(failure('NotFound', `The blob “${id}” was deleted meanwhile.`), key)
      return payload
    },

    delete: async (id, given = {}) => {
      const { key, record } = await knownOrThrow(id, given.namespace)
      if (record.status === 'PENDING_DELETE') return
      if (record.trashedAtMs !== null) {
        await getOrThrow(tools.inTurn([key], store.remove([key])), key)
        send({ type: 'blob.gone', record })
        return
      }
      let reason: Failure | null = null
      markFailed.set(keyText(key), (why) => {
        reason = why
      })
      send({ type: 'blob.commanded', key, command: { type: 'blob.deleted' } })
      const isMarked = () => roster.get(key) === undefined || roster.get(key)?.status === 'PENDING_DELETE'
      await until(coordinator, () => reason !== null || isMarked(), closing.signal).finally(() => markFailed.delete(keyText(key)))
      if (reason !== null) throw new BlobSyncError(reason, key)
    },

    restore: async (id, given = {}) => {
      const { key, record } = await knownOrThrow(id, given.namespace)
      if (record.trashedAtMs === null) throw new BlobSyncError(failure('NotFound', `“${id}” is not in the trash.`), key)
      const changes = { status: 'PENDING_UPLOAD', trashedAtMs: null, tag: null, missingSinceMs: null } as const
      await revise({ ...atRest(record, changes, clock.now()), seal: record.seal ?? cipher.seal() })
    },

    resolve: async (id, choice, given = {}) => {
      const { key, record } = await knownOrThrow(id, given.namespace)
      if (record.held !== 'conflict') throw new BlobSyncError(failure('NotFound', `“${id}” is in no conflict.`), key)
      if (choice === 'mine') {
        const removed = await remote.delete(key)()
        if (E.isLeft(removed) && removed.left._tag !== 'NotFound') throw new BlobSyncError(removed.left, key)
      }
      await revise(atRest(record, choice === 'mine' ? {} : { status: 'PENDING_DOWNLOAD' }, clock.now()))
    },

    retry: async (id, given = {}) => {
      await opened()
      const wanted =
        id === undefined ? [...roster.all()].filter(mayBeRetried) : [(await knownOrThrow(id, given.namespace)).record]
      for (const record of wanted) {
        const key = { namespace: record.namespace, id: record.id }
        send({ type: 'blob.commanded', key, command: { type: 'blob.retried' } })
      }
      // The commands have queued their writes; a turn after these is one after them.
      await inOrder(wanted.map(keyText), () => Promise.resolve())
    },

    setPriority: async (id, priority, given = {}) => {
      const { key } = await knownOrThrow(id, given.namespace)
      send({ type: 'blob.commanded', key, command: { type: 'blob.prioritised', priority } })
      await inOrder([keyText(key)], () => Promise.resolve())
    },

    sync: async (given = {}) => {
      await opened()
      mayRemoveMany = given.confirmRemovals ?? false
      return syncRound(coordinator, roster, given).finally(() => {
        mayRemoveMany = false
      })
    },

    pause: () => send({ type: 'sync.paused' }),
    resume: () => send({ type: 'sync.resumed' }),
    idle: async () => {
      await opened()
      await until(coordinator, () => isAtRest(coordinator, roster))
    },
    explain: (id, given = {}) => {
      const key = orThrow(blobKey(id, given.namespace))
      return explainBlob(shown.view(key), clock.now(), shown.getSnapshot())
    },

    incoming: ({ process, save, namespace = 'MX', pollMs = INCOMING_POLL_MS }) => {
      const box = openIncoming({
        tools,
        coordinator,
        namespace: orThrow(blobKey('x', namespace)).namespace,
        pollMs,
        backoff,
        consumer: {
          consume: async (message) => save(await process(message), message),
          onSaved: ({ namespace: at, id }) => shown.emit('incoming.saved', { namespace: at, id }),
          onFailed: ({ namespace: at, id }, reason) => shown.emit('incoming.failed', { namespace: at, id, failure: reason }),
        },
        report: (reason) => shown.emit('failure.reported', reason),
      })
      boxes.push(box)
      return box
    },

    blob: (id, given = {}) => {
      const key = orThrow(blobKey(id, given.namespace))
      let last = shown.view(key)
      const getSnapshot = (): BlobView => {
        const next = shown.view(key)
        if (JSON.stringify(next) !== JSON.stringify(last)) last = next
        return last
      }
      return {
        getSnapshot,
        subscribe: (listener) => {
          let told: BlobView | null = null
          const tell = () => {
            const next = getSnapshot()
            if (next === told) return
            told = next
            listener(next)
          }
          const stop = shown.observe(key, tell)
          send({ type: 'blob.observed', key })
          tell()
          return () => {
            stop()
            send({ type: 'blob.unobserved', key })
          }
        },
      }
    },

    list: () => [...roster.all()].filter(({ trashedAtMs }) => trashedAtMs === null).map(shown.view),
    subscribe: shown.subscribe,
    getSnapshot: shown.getSnapshot,
    on: shown.on,
    ready,
    actor: coordinator,

    close: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      stopListening()
      for (const box of boxes) box.stop()
      coordinator.stop()
      await storage.close()
      await getOrThrow(store.close())
    },
  }

  /** Writes a record that the app changed, and tells whoever lives by it. */
  const revise = async (record: BlobRecord) => {
    await getOrThrow(tools.inTurn([record], store.remember([record])), record)
    takeIn(record)
  }

  /** Tells of a record that was written: its actor, where one lives, or else the coordinator alone. */
  const takeIn = (record: BlobRecord) => {
    if (!roster.live.has(keyText(record))) return send({ type: 'blob.added', record })
    const key = { namespace: record.namespace, id: record.id }
    send({ type: 'blob.commanded', key, command: { type: 'blob.revised', record } })
  }

  /** Fetches one blob before all others; throws the first failure. */
  const fetchNow = async (key: BlobKey, record: BlobRecord | undefined, signal?: AbortSignal) => {
    const text = keyText(key)
    const asked = askedFor.get(text) ?? { callers: 0, isNew: record === undefined }
    asked.callers += 1
    askedFor.set(text, asked)
    const base = record ?? newRecord({ ...key, status: 'PENDING_DOWNLOAD', changedAtMs: clock.now() })
    const wanted: BlobRecord = { ...base, status: 'PENDING_DOWNLOAD', priority: 'urgent', held: null, dueAtMs: null }
    let reason: Failure | null = null
    let isThere = false
    const subscriptions = [
      coordinator.on('blob.moved', (event) => {
        if (keyText(event.record) !== text) return
        const isPassing = event.failure?._tag === 'Unauthorized' || event.failure?._tag === 'Aborted'
        if (event.failure !== null && !isPassing) reason = event.failure
        if (event.record.status === 'SYNCED') isThere = true
      }),
      coordinator.on('blob.gone', (event) => {
        if (keyText(event.record) === text) reason = failure('NotFound', `The blob “${key.id}” was deleted meanwhile.`)
      }),
    ]
    try {
      const { value } = coordinator.getSnapshot()
      if (value.connectivity === 'offline') throw new BlobSyncError(failure('Unreachable', 'The device is offline.'), key)
      const phase = roster.live.get(text)?.phase
      if (phase !== 'transferring') {
        // A living actor first: told after it has a slot, it would begin once more.
        if (phase !== undefined) send({ type: 'blob.commanded', key, command: { type: 'blob.revised', record: wanted } })
        send({ type: 'blob.wanted', record: roster.live.has(text) ? (roster.get(key) ?? wanted) : wanted })
      }
      const isDenied = () => coordinator.getSnapshot().value.access === 'denied'
      const isFull = () => coordinator.getSnapshot().value.room === 'full'
      await until(coordinator, () => reason !== null || isThere || isDenied() || isFull(), signal)
      if (reason === null && isDenied()) reason = failure('Unauthorized', 'The remote does not take the token.')
      if (reason === null && isFull()) reason = failure('StorageFull', 'This device has no room left.')
      if (reason !== null) throw new BlobSyncError(reason, key)
    } finally {
      for (const subscription of subscriptions) subscription.unsubscribe()
      asked.callers -= 1
      if (asked.callers === 0) {
        askedFor.delete(text)
        send({ type: 'blob.unwanted', key })
      }
      const left = roster.get(key)
      if (asked.callers === 0 && asked.isNew && left?.status === 'PENDING_DOWNLOAD') {
        // It was only asked for: nothing of it is remembered.
        send({ type: 'blob.gone', record: left })
        await tools.inTurn([key], store.remove([key]))()
      }
    }
  }

  return blobs
}

const orThrow = <A>(result: E.Either<Failure, A>, key: BlobKey | null = null): A => {
  if (E.isLeft(result)) throw new BlobSyncError(result.left, key)
  return result.right
}

const mayBeRetried = (record: BlobRecord): boolean =>
  record.status === 'FAILED_DOWNLOAD' ||
  record.dueAtMs !== null ||
  record.held === 'forbidden' ||
  record.held === 'tooLarge' ||
  record.held === 'corrupt'
