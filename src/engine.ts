import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { createActor, fromPromise } from 'xstate'
import {
  batchBlobsOf,
  batchSlotsOf,
  BlobActors,
  blobMachine,
  coordinatorMachine,
  defaultDelaysMs,
  DELAY_MS_MAX,
  isWaitedFor,
  Pace,
  Roster,
  type Comparison,
  type CoordinatorEvent,
  type ListOutcome,
  type RecallOutcome,
} from '../machines'
import { announced } from './actors/announced'
import { batched } from './actors/batched'
import { download } from './actors/download'
import { erase, mark } from './actors/erase'
import { evict } from './actors/evict'
import { feedBook } from './actors/feed-book'
import { list } from './actors/list'
import { partSizes } from './actors/part-sizes'
import { limited } from './actors/limited'
import { recall } from './actors/recall'
import type { Tools } from './actors/tools'
import { turns } from './actors/turns'
import { upload } from './actors/upload'
import { withoutBeginning } from './beginnings'
import { systemClock } from './clock'
import { doubtedConnectivity, systemConnectivity } from './connectivity'
import { failure, type Failure } from './model/failure'
import { blobKey, keyText, Namespace, type BlobKey } from './model/ids'
import type { Listed, Outcome } from './model/outcome'
import type { BlobRecord } from './model/record'
import { joinTabs } from './join-tabs'
import { stayLive } from './live'
import type { Payload } from './model/payload'
import { BlobSyncError, type BlobSyncOptions } from './options'
import { notingStore } from './saved'
import { readAll, restingIn } from './resting'
import { watchRoom } from './room'
import { storageSlots } from './storage-slots'
import { systemTabs } from './tabs'
import { heldUnlessWanted, wantedBy } from './wanted'
import { watch } from './watch'

const IN_FLIGHT_BYTES = 32 * 2 ** 20

const POLL_MS = 60_000

const TRASH_MS = 30 * 24 * 60 * 60 * 1000

const noRoom = failure('StorageFull', 'This device has no room left for downloads.')

export type Engine = ReturnType<typeof startEngine>

/** Puts store, remote and cipher together under the coordinator, and starts it. */
export const startEngine = (options: BlobSyncOptions) => {
  const { cipher, transfers = 6, liveActors = 64 } = options
  const clock = options.clock ?? systemClock
  const roster = new Roster()
  const inOrder = turns()
  const batchBlobs = batchBlobsOf(transfers, liveActors)
  const storage = storageSlots(options.storage ?? 10, batchBlobs)
  const closing = new AbortController()
  const pace = new Pace(transfers)
  const remote = batched(limited(options.remote, options.bandwidth ?? {}, clock), {
    lanes: batchSlotsOf(transfers),
    itemsMax: batchBlobs,
    clock,
    signal: closing.signal,
    onBatches: () => send({ type: 'batches.offered' }),
  })
  /** An answer of the remote itself; a token that the app cannot get proves nothing. */
  const isReachable = async () => {
    const [namespace] = namespacesToList()
    if (namespace === undefined) return false
    const answer = await remote.count(namespace, { signal: closing.signal })()
    return E.isRight(answer) || ['ServerError', 'Throttled', 'Forbidden', 'NotFound'].includes(answer.left._tag)
  }
  const connectivity = options.connectivity ?? doubtedConnectivity(systemConnectivity(), isReachable, clock)
  const backoff = { delaysMs: options.backoff?.delaysMs ?? defaultDelaysMs, jitter: options.backoff?.jitter ?? 0 }
  /** What comes after `close`, an observer that leaves for one, finds nobody. */
  const send = (event: CoordinatorEvent) => {
    if (!closing.signal.aborted) coordinator.send(event)
  }
  const report = (reason: Failure) => {
    if (!closing.signal.aborted) shown.emit('failure.reported', reason)
  }
  const room = watchRoom({
    store: options.store,
    options: options.room,
    clock,
    roster,
    evict: (record, mayGo) => evictNow(record, mayGo),
    giveUp: (record) => amend(record, withoutBeginning),
    onFull: () => send({ type: 'storage.filled' }),
    onChanged: () => send({ type: 'room.changed' }),
    report,
  })
  const { store, isSaved } = notingStore(room.store, roster)
  const { shared } = store
  const wants = wantedBy(options.download, report)
  /** What the app said of the next comparison. */
  const round = { mayRemoveMany: false, isWhole: false }
  const book = feedBook(store.notes)
  /** Downloads that the remote said it does not have. */
  const doubted = new Set<string>()
  let hasCompared = false
  const markFailed = new Map<string, (reason: Failure) => void>()

  const isBatched = (keys: readonly BlobKey[]) => keys.every((key) => roster.live.get(keyText(key))?.isBatched === true)

  const tools: Tools = {
    store,
    remote,
    cipher,
    now: clock.now,
    random: options.random ?? Math.random,
    inTurn:
      (keys, use, isSmall = false) =>
      () =>
        inOrder(keys.map(keyText), () => (isSmall || isBatched(keys) ? storage.share(use) : storage.use(use))()),
    inOrder: (keys, use) => () => inOrder(keys.map(keyText), use),
    parts: partSizes(options.inFlightBytes ?? IN_FLIGHT_BYTES),
    // Its priority may have been given since the attempt began.
    isWaitedFor: (record) => isWaitedFor(coordinator.getSnapshot().context, roster.get(record) ?? record),
    onProgress: (key, bytes, totalBytes) => {
      shown.onProgress(key, bytes, totalBytes)
      tabs?.onProgress(key)
    },
  }

  /** A clock that was set back would ask for more than a timer can hold. */
  const waitUntil = (dueAtMs: number | null) => Math.min(Math.max(0, (dueAtMs ?? 0) - clock.now()), DELAY_MS_MAX)

  type Verb = (tools: Tools, record: BlobRecord, signal: AbortSignal) => Promise<Outcome>
  const run = (verb: Verb) =>
    fromPromise<Outcome, { readonly record: BlobRecord }>(({ input, signal }) => verb(tools, input.record, signal))
  /** What it takes tells how many there should be at once. */
  const paced =
    (verb: Verb): Verb =>
    async (given, record, signal) => {
      const begun = pace.begin(clock.now())
      const share = isBatched([record]) ? 1 / batchBlobs : 1
      const outcome = await verb(given, record, signal)
      const { sizeBytes } = outcome.record
      pace.end(begun, { bytes: sizeBytes ?? 0, failure: outcome.isDone ? null : outcome.failure, share, atMs: clock.now() })
      return outcome
    }
  const downloadIfRoom: Verb = async (given, record, signal) =>
    (await room.mayDownload())
      ? download(given, record, signal)
      : { isDone: false, failure: noRoom, record, atMs: clock.now(), roll: given.random() }
  const markOrTell: Verb = async (...given) => {
    const outcome = await mark(...given)
    if (!outcome.isDone && outcome.failure !== null) markFailed.get(keyText(outcome.record))?.(outcome.failure)
    return outcome
  }

  const actors = new BlobActors(
    blobMachine.provide({
      actors: { upload: run(paced(upload)), download: run(paced(downloadIfRoom)), erase: run(erase), mark: run(markOrTell) },
      actions: { remember: ({ context }) => remember(context.record) },
      delays: { backoff: ({ context }) => waitUntil(context.record.dueAtMs) },
    }),
  )
  const machine = coordinatorMachine.provide({
    actors: {
      recall: fromPromise<RecallOutcome>(async ({ signal }) => {
        await tabs?.firstWord
        if (signal.aborted) return { isDone: false, failure: failure('Aborted', 'The store is read anew.') }
        roster.beginReading()
        const result = await recall(tools, isFollower() ? Infinity : (options.trashMs ?? TRASH_MS))()
        if (E.isLeft(result)) return { isDone: false, failure: result.left }
        book.reopen(result.right.corrupt.length === 0)
        for (const reason of result.right.corrupt) shown.emit('failure.reported', reason)
        const { records, counts } = result.right
        const resting = store.resting === undefined || counts === null ? null : { ...restingIn(store.resting, report), counts }
        return { isDone: true, records: records.map(heldUnlessWanted(wants)), resting }
      }),
      list: fromPromise<ListOutcome>(async ({ signal }) => {
        roster.noted = new Map()
        const result = await list(tools, {
          namespaces: namespacesToList(),
          recordsOf: (namespace) => readAll(roster, (record) => record.namespace === namespace),
          restlessOf: (namespace) =>
            recordsIn(namespace, new Set([...Array.from(roster.restless(), keyText), ...(roster.noted?.keys() ?? [])])),
          recordOf: (key) => roster.get(key),
          countHere: (namespace) => roster.countHere(namespace),
          looseEnds: (namespace) => recordsIn(namespace, [...roster.erased, ...doubted]),
          settled: (records) => records.forEach((record) => doubted.delete(keyText(record))),
          mayBeWanted: (namespace) => (mayWantMore() ? recordsIn(namespace, roster.open).filter(waitsOnDemand) : []),
          isUnderWay: (key) => roster.inPhase.transferring.has(key),
          noteChanges: () => {
            const since = roster.changes
            return (key) => (roster.noted?.get(key) ?? 0) > since
          },
          book,
          isWhole: round.isWhole,
          mayRemoveMany: round.mayRemoveMany,
          wants,
          signal,
          tell: (changes) =>
            send({ type: 'list.written', comparison: comparisonOf({ changes, corrupt: [], removalsToConfirm: 0 }) }),
        })()
        roster.noted = null
        if (E.isLeft(result)) return { isDone: false, failure: result.left, roll: tools.random() }
        return { isDone: true, comparison: comparisonOf(result.right) }
      }),
      refreshAccess: fromPromise<boolean>(async () => E.isRight(await remote.refreshAccess()())),
      measureRoom: fromPromise<boolean>(async () => isFollower() || room.makeRoom()),
    },
    delays: { untilDue: ({ context }) => waitUntil(context.roster.earliestDueMs()) },
  })

  const coordinator = createActor(machine, {
    input: {
      transfers,
      pace,
      liveActors,
      batchBlobs,
      backoff,
      verifyAttempts: options.verifyAttempts ?? 1,
      isOnline: connectivity.isOnline(),
      isPaused: options.paused ?? false,
      makesRoom: room.evicts,
      isShared: shared !== undefined,
      roster,
      actors,
    },
    clock: { setTimeout: (run, delayMs) => clock.setTimeout(run, delayMs), clearTimeout: (id) => clock.clearTimeout(id) },
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  })
  const shown = watch(coordinator, roster, clock.now)

  const writeAnnounced = (record: BlobRecord) =>
    pipe(
      announced(store, record),
      TE.chain((known) => store.remember([known])),
    )
  const remember = (record: BlobRecord) => {
    void tools
      .inTurn(
        [record],
        // What was removed meanwhile must not come back by a word that was late.
        () => (roster.get(record) === undefined ? TE.right(undefined) : writeAnnounced(record))(),
      )()
      .then((result) => {
        // What a tab is refused that leads no more, the next leader does again.
        if (E.isLeft(result) && !isFollower()) report(result.left)
      })
  }

  const namespacesToList = (): readonly Namespace[] => {
    const named = (options.namespaces ?? ['default']).filter(Namespace.is)
    return [...new Set([...named, ...roster.namespaces])]
  }

  /** An app may want what an earlier run did not, and one that decides blob by blob something else each time. */
  const mayWantMore = () => typeof options.download === 'function' || (!hasCompared && options.download !== 'onDemand')

  const recordsIn = (namespace: Namespace, keys: Iterable<string>): readonly BlobRecord[] =>
    Array.from(keys, (key) => roster.byText(key))
      .filter((record) => record?.namespace === namespace)
      .filter(isThere)

  let isRead = false
  const ready = new Promise<void>((resolve, reject) => {
    coordinator.on('records.recalled', () => {
      isRead = true
      resolve()
    })
    coordinator.on('recall.failed', ({ failure: reason }) => reject(new BlobSyncError(reason)))
    coordinator.subscribe({ complete: () => reject(new BlobSyncError(failure('Aborted', 'blobsync was closed.'))) })
  })
  // Whoever calls anything gets the rejection; nobody has to look at `ready` itself.
  ready.catch(() => {})

  coordinator.on('blob.moved', ({ record, failure: reason }) => {
    if (reason?._tag === 'NotFound' && record.status === 'PENDING_DOWNLOAD') doubted.add(keyText(record))
  })
  coordinator.on('remote.compared', ({ comparison }) => {
    hasCompared = true
    for (const record of comparison.changed) {
      shown.touch(record)
      if (record.trashedAtMs !== null) shown.emit('blob.trashed', { ...shown.view(record), id: record.id })
      else if (record.missingSinceMs !== null) shown.emit('blob.missing', shown.view(record))
    }
  })
  const stopListening = connectivity.subscribe((isOnline) => send({ type: 'connectivity.changed', isOnline }))
  const tabs =
    shared === undefined
      ? null
      : joinTabs({
          shared,
          port: options.tabs ?? systemTabs(),
          clock,
          random: tools.random,
          coordinator,
          roster,
          shown,
          tools,
          isSaved,
          takeIn: (record) => takeIn(record),
          send,
          report,
        })
  const isFollower = () => tabs?.leads() === false
  coordinator.start()
  const stopLive =
    options.live === false
      ? () => {}
      : stayLive({
          coordinator,
          remote,
          book,
          namespaces: namespacesToList,
          clock,
          random: tools.random,
          backoff,
          pollMs: options.pollMs ?? POLL_MS,
        })

  /** Resolves when the records are read; rejects once closed. */
  const opened = async () => {
    // What could not be read at first is read again by a tab that comes to lead.
    if (!isRead) await ready
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

  /** Changes the record that is on disk, in its turn; null leaves it as it is. @returns what was written. */
  const amend = (key: BlobKey, change: (record: BlobRecord) => BlobRecord | null): TE.TaskEither<Failure, BlobRecord | null> =>
    tools.inTurn(
      [key],
      pipe(
        store.record(key),
        TE.chain((found) => {
          const after = O.isNone(found) ? null : change(found.value)
          if (after === null) return TE.right(null)
          return pipe(
            store.remember([after]),
            TE.map(() => {
              takeIn(after)
              return after
            }),
          )
        }),
      ),
    )

  const evictNow = (record: BlobRecord, mayGo: () => boolean = () => true) =>
    evict(tools, record, {
      signal: closing.signal,
      mayGo,
      tell: (evicted) => {
        takeIn(evicted)
        shown.emit('blob.evicted', shown.view(evicted))
      },
    })

  /** Writes a blob unless one is there that must stay, whoever else has the store open. @returns the record that is there now. */
  const add = (
    record: BlobRecord,
    payload: Payload,
    mayReplace: (existing: BlobRecord) => boolean,
  ): TE.TaskEither<Failure, BlobRecord> => {
    if (shared !== undefined) return shared.add(record, payload, mayReplace)
    const existing = roster.get(record)
    if (existing !== undefined && !mayReplace(existing)) return TE.right(existing)
    return pipe(
      store.write(record, payload),
      TE.map(() => record),
    )
  }

  const close = async () => {
    closing.abort()
    stopLive()
    stopListening()
    tabs?.close()
    coordinator.send({ type: 'sync.closed' })
    coordinator.stop()
    await storage.close()
    await getOrThrow(store.close())
  }

  return {
    store,
    remote,
    cipher,
    clock,
    roster,
    coordinator,
    tools,
    shown,
    backoff,
    round,
    namespaces: namespacesToList,
    markFailed,
    closing: closing.signal,
    ready,
    send,
    inOrder,
    opened,
    known,
    knownOrThrow,
    revise,
    amend,
    takeIn,
    add,
    tabs,
    isFollower,
    room,
    report,
    evictNow,
    close,
  }
}

const isThere = <A>(found: A | undefined): found is A => found !== undefined

const waitsOnDemand = ({ held, missingSinceMs }: BlobRecord) => held === 'onDemand' && missingSinceMs === null

const comparisonOf = (report: Listed): Comparison => ({
  changed: report.changes.flatMap((change) => (change.kind === 'forget' ? [] : [change.after])),
  gone: report.changes.flatMap((change) => (change.kind === 'forget' ? [change.before] : [])),
  report,
})

/** What the right holds; throws the left as a `BlobSyncError`. */
export const orThrow = <A>(result: E.Either<Failure, A>, key: BlobKey | null = null): A => {
  if (E.isLeft(result)) throw new BlobSyncError(result.left, key)
  return result.right
}

export const getOrThrow = async <A>(use: TE.TaskEither<Failure, A>, key: BlobKey | null = null): Promise<A> =>
  orThrow(await use(), key)
