import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { createActor, fromPromise, type ActorRefFrom } from 'xstate'
import {
  incomingMachine,
  type BackoffPlan,
  type coordinatorMachine,
  type IncomingListOutcome,
  type IncomingOutcome,
} from '../machines'
import { listIncoming, receive, type Consumer } from './actors/receive'
import type { Tools } from './actors/tools'
import { failure, type Failure } from './model/failure'
import { blobKey, type BlobId, type Namespace } from './model/ids'
import { BlobSyncError, type IncomingHandle } from './options'

export interface IncomingBox {
  readonly tools: Tools
  readonly coordinator: ActorRefFrom<typeof coordinatorMachine>
  readonly namespace: Namespace
  readonly pollMs: number
  readonly backoff: BackoffPlan
  readonly consumer: Consumer
  readonly report: (reason: Failure) => void
}

/** Empties one incoming box until it is stopped: an actor under the coordinator, which works while transfers may. */
export const openIncoming = ({ tools, coordinator, namespace, consumer, report, ...plan }: IncomingBox): IncomingHandle => {
  const { flags } = tools.remote
  if (flags === undefined)
    throw new BlobSyncError(failure('Forbidden', 'This remote has no flags, and incoming blobs need them.'))
  const told = <A>(result: E.Either<Failure, A>): E.Either<Failure, A> => {
    if (E.isLeft(result) && result.left._tag !== 'Aborted') report(result.left)
    if (E.isLeft(result) && result.left._tag === 'Unauthorized') coordinator.send({ type: 'access.refused' })
    return result
  }
  /** A handler of the app that throws must not end the box: it is told like any other failure, and the next listing goes on. */
  const run = async <A>(step: TE.TaskEither<Failure, A>): Promise<E.Either<Failure, A>> => {
    try {
      return told(await step())
    } catch (thrown) {
      return told(E.left(failure('Corrupt', `A bug: ${String(thrown)}`)))
    }
  }
  const mayGo = () => {
    const { value } = coordinator.getSnapshot()
    const isOurs = value.leadership === 'alone' || value.leadership === 'leader'
    return isOurs && value.connectivity === 'online' && value.access === 'granted' && value.transfers === 'running'
  }

  const machine = incomingMachine.provide({
    actors: {
      list: fromPromise<IncomingListOutcome, { readonly recovers: boolean }>(async ({ input, signal }) => {
        const found = await run(listIncoming(flags, { namespace, recovers: input.recovers, signal }))
        return E.isRight(found) ? { isDone: true, ...found.right } : { isDone: false, failure: found.left, roll: tools.random() }
      }),
      receive: fromPromise<IncomingOutcome, { readonly id: BlobId | undefined }>(async ({ input: { id }, signal }) => {
        if (id === undefined) return { isDone: true }
        const received = await run(receive(tools, flags, consumer, { key: { namespace, id }, signal }))
        return E.isRight(received) ? { isDone: true } : { isDone: false, failure: received.left, roll: tools.random() }
      }),
    },
  })
  let isOpen = mayGo()
  const actor = createActor(machine, { id: `incoming:${namespace}`, parent: coordinator, input: { ...plan, isOpen } })
  const follow = coordinator.subscribe(() => {
    if (mayGo() === isOpen) return
    isOpen = !isOpen
    actor.send({ type: isOpen ? 'incoming.opened' : 'incoming.shut' })
  })
  actor.start()

  const isResting = () => {
    const { value } = actor.getSnapshot()
    return value === 'waiting' || value === 'backingOff' || value === 'shut' || value === 'stopped'
  }

  return {
    actor,
    check: () =>
      new Promise((resolve) => {
        if (actor.getSnapshot().status !== 'active') return resolve()
        const subscription = actor.subscribe({
          next: () => {
            if (isResting()) end()
          },
          complete: () => end(),
        })
        const end = () => {
          subscription.unsubscribe()
          resolve()
        }
        actor.send({ type: 'incoming.checked' })
        if (isResting()) end()
      }),
    retry: async (id) => {
      const key = blobKey(id, namespace)
      const marked = E.isLeft(key) ? key : await flags.set(key.right, ['PENDING'])()
      if (E.isLeft(marked)) throw new BlobSyncError(marked.left, { namespace, id })
      if (actor.getSnapshot().status === 'active') actor.send({ type: 'incoming.checked' })
    },
    stop: () => {
      follow.unsubscribe()
      if (actor.getSnapshot().status === 'active') actor.send({ type: 'incoming.stopped' })
    },
  }
}
