import type { BlobActor, BlobActors } from './blob-actors'
import type { BlobEvent } from './blob-events'

/** What these need of the `enqueue` of XState's actions. */
interface Enqueue {
  readonly sendTo: (actor: BlobActor, event: BlobEvent) => void
  readonly stopChild: (actor: BlobActor) => void
}

/** Begins an actor's life. */
export const begin = (actor: BlobActor) => (): void => {
  actor.start()
}

/** Says something to a blob's actor, if it lives. */
export const tell = (enqueue: Enqueue, actors: BlobActors, key: string, event: BlobEvent): void => {
  const actor = actors.get(key)
  if (actor !== undefined) enqueue.sendTo(actor, event)
}

/** Ends a blob's actor, and what it does, if it lives. */
export const stop = (enqueue: Enqueue, actors: BlobActors, key: string): void => {
  const actor = actors.take(key)
  if (actor !== undefined) enqueue.stopChild(actor)
}
