import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { onTestFinished } from 'vitest'
import { createBlobSync, type BlobSync, type BlobSyncOptions, type Remote } from '../../src/index'
import type { Failure } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { noPowers } from '../../src/remote/remote'
import { memoryStore, newMemory } from '../../src/store/memory'
import type { Store } from '../../src/store/store'
import { cipher } from '../blob-sync/device'
import { countingClock } from '../machines/world'
import { settled } from '../virtual-clock'
import { network, type NetworkOptions, type Page } from './network'

export interface Tab {
  readonly blobs: BlobSync
  readonly page: Page
  /** As the user closes it. */
  readonly close: () => Promise<void>
  /** As its process dies: nothing of it runs any more, and nobody is told. */
  readonly crash: () => void
}

let names = 0

/** One browser with one shared store and one remote: tabs come and go. */
export const browser = (
  given: NetworkOptions & {
    readonly remote?: Remote
    readonly rows?: ReturnType<typeof remoteMemory>
    /** Big blobs go in parts, and come so. */
    readonly hasParts?: boolean
  } = {},
) => {
  const clock = countingClock()
  const memory = newMemory(`browser ${++names}`)
  const rows = given.rows ?? remoteMemory()
  const remote = given.remote ?? memoryRemote({ memory: rows })
  const pages = network(given)
  const puts: string[] = []
  // Each blob goes alone, so that what is counted and what dies with a tab is one call.
  const { batches: _, ...single } = remote
  const counted: Remote = {
    ...single,
    supports: () => TE.right({ ...noPowers, resumableUploads: given.hasParts === true, ranges: given.hasParts === true }),
    put: (key, upload) => async () => {
      const result = await remote.put(key, upload)()
      if (E.isRight(result)) puts.push(key.id)
      return result
    },
  }

  const openTab = (options: Partial<BlobSyncOptions> = {}): Tab => {
    const page = pages.open()
    let isDead = false
    const blobs = createBlobSync({
      live: false,
      store: mortal(memoryStore(memory), page, () => isDead),
      remote: mortalRemote(counted, page, () => isDead),
      cipher,
      clock: clockOf(page, clock, () => isDead),
      random: () => 0.5,
      tabs: page.tabs,
      ...options,
    })
    onTestFinished(() => {
      // One that was closed while frozen goes on with that.
      page.thaw()
      return isDead ? undefined : blobs.close()
    })
    return {
      blobs,
      page,
      close: async () => {
        await blobs.close()
        isDead = true
        page.kill()
      },
      crash: () => {
        isDead = true
        page.kill()
      },
    }
  }

  return { clock, memory, rows, puts, posted: pages.posted, isFree: pages.isFree, page: pages.open, openTab }
}

/** A frozen page's timers wait until it is thawed; a dead one's never come. */
const clockOf = (page: Page, clock: ReturnType<typeof countingClock>, isDead: () => boolean) => ({
  now: clock.now,
  setTimeout: (run: () => void, delayMs: number) => {
    const timer = { isCleared: false, id: 0 as unknown }
    timer.id = clock.setTimeout(() => {
      if (!isDead()) page.whenAwake(() => timer.isCleared || run())
    }, delayMs)
    return timer
  },
  clearTimeout: (timer: unknown) => {
    if (typeof timer !== 'object' || timer === null || !('isCleared' in timer) || !('id' in timer)) return
    timer.isCleared = true
    clock.clearTimeout(timer.id)
  },
})

const never = new Promise<never>(() => {})

/** Nothing of a dead or frozen page begins; what has begun and comes back to a dead one is heard by nobody. */
const alive =
  <A>(page: Page, isDead: () => boolean, use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
  async () => {
    if (isDead()) return never
    await new Promise<void>((resolve) => page.whenAwake(resolve))
    const result = await use()
    if (isDead()) return never
    if (page.isFrozen()) await new Promise<void>((resolve) => page.whenAwake(resolve))
    return result
  }

const mortal = (store: Store, page: Page, isDead: () => boolean): Store => {
  const live = <A>(use: TE.TaskEither<Failure, A>) => alive(page, isDead, use)
  const { shared } = store
  if (shared === undefined) throw new TypeError('The memory has no name.')
  return {
    ...store,
    records: () => live(store.records()),
    record: (key) => live(store.record(key)),
    read: (key) => live(store.read(key)),
    write: (record, payload) => live(store.write(record, payload)),
    remember: (records) => live(store.remember(records)),
    drop: (record) => live(store.drop(record)),
    remove: (keys) => live(store.remove(keys)),
    stage: (key) =>
      live(
        pipe(
          store.stage(key),
          TE.map((staging) => ({ ...staging, commit: (record) => live(staging.commit(record)) })),
        ),
      ),
    shared: {
      ...shared,
      lead: (onDeposed) => live(shared.lead(onDeposed)),
      add: (record, payload, mayReplace) => live(shared.add(record, payload, mayReplace)),
    },
  }
}
const mortalRemote = (remote: Remote, page: Page, isDead: () => boolean): Remote => {
  const live = <A>(use: TE.TaskEither<Failure, A>) => alive(page, isDead, use)
  const { resumable } = remote
  return {
    ...remote,
    list: (request) => live(remote.list(request)),
    put: (key, upload) => live(remote.put(key, upload)),
    get: (key, options) => live(remote.get(key, options)),
    stat: (key, options) => live(remote.stat(key, options)),
    delete: (key, options) => live(remote.delete(key, options)),
    ...(resumable === undefined
      ? {}
      : {
          resumable: {
            create: (key, options) => live(resumable.create(key, options)),
            offset: (session, options) => live(resumable.offset(session, options)),
            append: (session, part) => live(resumable.append(session, part)),
            end: (session, options) => live(resumable.end(session, options)),
          },
        }),
  }
}

/** Which of the tabs lead. */
export const leaders = (tabs: readonly Tab[]): readonly Tab[] =>
  tabs.filter(({ blobs }) => blobs.actor.getSnapshot().value.leadership === 'leader')

/** Lets time pass until the promise settles. */
export const during = async <A>(
  { clock }: ReturnType<typeof browser>,
  promise: Promise<A>,
  stepMs = 250,
  steps = 1_000,
): Promise<A> => {
  let isOver = false
  const over = () => {
    isOver = true
  }
  promise.then(over, over)
  for (let step = 0; step < steps; step += 1) {
    await settled()
    if (isOver) return promise
    await clock.advance(stepMs)
  }
  throw new Error('It does not come to an end.')
}
