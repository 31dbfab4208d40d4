import * as E from 'fp-ts/Either'
import { createActor, fromPromise, type ActorRefFrom } from 'xstate'
import { liveMachine, type BackoffPlan, type coordinatorMachine, type WaitOutcome } from '../machines'
import type { FeedBook } from './actors/feed-book'
import type { Clock } from './clock'
import type { Namespace } from './model/ids'
import { isShown, onShown } from './page-events'
import { FEEDS_MAX, type Remote } from './remote/remote'

export interface LiveParts {
  readonly coordinator: ActorRefFrom<typeof coordinatorMachine>
  readonly remote: Remote
  readonly book: FeedBook
  readonly namespaces: () => readonly Namespace[]
  readonly clock: Clock
  readonly random: () => number
  readonly backoff: BackoffPlan
  readonly pollMs: number
}

/** How long the remote is asked to hold an answer back. */
const WAIT_MS = 30_000

/** A remote that answers sooner than this, and says nothing, does not let anybody wait. */
const EARLY_MS = 5_000

/** Keeps a device up to date from its first comparison on. @returns what ends it. */
export const stayLive = ({ coordinator, remote, book, namespaces, clock, random, backoff, pollMs }: LiveParts): (() => void) => {
  let hasCompared = false
  let hasToAsk = false

  const mayGo = () => {
    const { value } = coordinator.getSnapshot()
    const isOurs = value.leadership === 'alone' || value.leadership === 'leader'
    const isOpen = value.connectivity === 'online' && value.access === 'granted' && value.transfers === 'running'
    return hasCompared && !hasToAsk && isOurs && isOpen && isShown()
  }

  const wait = async (signal: AbortSignal): Promise<WaitOutcome> => {
    const since = namespaces().flatMap((namespace) => {
      const cursor = book.known(namespace)?.cursor ?? null
      return cursor === null ? [] : [{ namespace, cursor }]
    })
    if (remote.changes === undefined || since.length < namespaces().length || since.length > FEEDS_MAX) return { kind: 'noFeed' }
    const startedAtMs = clock.now()
    const answer = await remote.changes.read({ since, limit: 1, waitMs: WAIT_MS, signal })()
    if (E.isLeft(answer)) return { kind: 'failed', failure: answer.left, roll: random() }
    const hasNews = answer.right.some((page, at) => page === null || page.cursor !== since[at]?.cursor)
    if (hasNews) return { kind: 'changed' }
    return { kind: clock.now() - startedAtMs < EARLY_MS ? 'early' : 'nothing' }
  }

  const machine = liveMachine.provide({
    actors: { wait: fromPromise(({ signal }) => wait(signal)) },
    actions: { requestSync: () => coordinator.send({ type: 'sync.requested' }) },
  })
  let isOpen = false
  const actor = createActor(machine, { id: 'live', parent: coordinator, input: { pollMs, backoff, isOpen } })
  const look = () => {
    if (mayGo() === isOpen) return
    isOpen = !isOpen
    actor.send({ type: isOpen ? 'live.opened' : 'live.shut' })
  }
  const cursors = () =>
    namespaces()
      .map((namespace) => book.known(namespace)?.cursor)
      .join(' ')
  let seen = cursors()
  const subscriptions = [
    coordinator.subscribe(look),
    coordinator.on('remote.compared', ({ comparison: { report } }) => {
      hasCompared = true
      // Until the app agrees, the same would be told again and again.
      hasToAsk = report.removalsToConfirm > 0
      const before = seen
      seen = cursors()
      actor.send({ type: 'live.compared', hasMoved: seen !== before || report.changes.length > 0 })
    }),
  ]
  const stopLooking = onShown(look)
  actor.start()
  return () => {
    stopLooking()
    for (const subscription of subscriptions) subscription.unsubscribe()
    actor.send({ type: 'live.stopped' })
  }
}
