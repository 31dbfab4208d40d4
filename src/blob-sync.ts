import { evict, remove, resolve, restore, retry, setPinned, setPriority } from './change'
import { orThrow, startEngine } from './engine'
import { explainBlob } from './explain'
import { fetchNow, get } from './get'
import { handle } from './handle'
import { openIncoming } from './incoming'
import { failure } from './model/failure'
import { blobKey } from './model/ids'
import { BlobSyncError, type BlobSync, type BlobSyncOptions, type IncomingHandle } from './options'
import { passedOn, servicesOf, type Passed } from './pass-on'
import { put } from './put'
import { isAtRest, syncRound, until } from './sync-round'
import { verify } from './verify'

const INCOMING_POLL_MS = 30_000

/** Puts store, remote and cipher together under the coordinator. Nothing is requested before the first work or `sync`. */
export const createBlobSync = (options: BlobSyncOptions): BlobSync => {
  const engine = startEngine(options)
  const { roster, coordinator, clock, tools, shown, backoff, round, closing, ready, send, opened, tabs } = engine
  const boxes: IncomingHandle[] = []

  const fetch = fetchNow(engine)
  const own: Passed = {
    fetch,
    delete: remove(engine),
    restore: restore(engine),
    resolve: resolve(engine),
    retry: retry(engine),
    setPriority: setPriority(engine),
    setPinned: setPinned(engine),
    evict: evict(engine),
    sync: async (given = {}) => {
      await opened()
      round.mayRemoveMany = given.confirmRemovals ?? false
      round.isWhole = given.whole ?? false
      return syncRound(coordinator, roster, given).finally(() => {
        round.mayRemoveMany = false
        round.isWhole = false
      })
    },
    pause: () => send({ type: 'sync.paused' }),
    resume: () => send({ type: 'sync.resumed' }),
    idle: async (signal) => {
      await opened()
      await until(coordinator, () => isAtRest(coordinator, roster), signal)
    },
  }
  let closed: Promise<void> | null = null
  const close = async () => {
    for (const box of boxes) box.stop()
    await engine.close()
  }
  tabs?.start(servicesOf(engine, own))
  const { fetch: fetchSomewhere, idle, ...passed } = tabs === null ? own : passedOn(engine, tabs)

  return {
    ...passed,
    verify: verify(engine, passed.sync),
    put: put(engine),
    get: get(engine, fetchSomewhere),
    idle: () => idle(),
    explain: (id, given = {}) => {
      const key = orThrow(blobKey(id, given.namespace))
      return explainBlob(shown.view(key), clock.now(), shown.getSnapshot())
    },

    incoming: ({ process, save, namespace = 'MX', pollMs = INCOMING_POLL_MS }) => {
      if (closing.aborted) throw new BlobSyncError(failure('Aborted', 'blobsync was closed.'))
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

    blob: handle(engine),
    list: shown.list,
    subscribe: shown.subscribe,
    getSnapshot: shown.getSnapshot,
    on: shown.on,
    ready,
    actor: coordinator,

    close: () => (closed ??= close()),
  }
}
