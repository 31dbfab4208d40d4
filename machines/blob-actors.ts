import { createActor, type ActorRefFrom, type AnyActorRef } from 'xstate'
import type { blobMachine } from './blob'
import type { BlobInput } from './blob-events'

export type BlobActor = ActorRefFrom<typeof blobMachine>

/**
 * The actors of the blobs that live, beside the coordinator's snapshot: XState copies the children of a snapshot at every spawn and stop, so
 * that many of them cost quadratic time (decisions.md). The coordinator is their parent all the same, and alone makes and stops them.
 */
export class BlobActors {
  readonly #logic: typeof blobMachine
  readonly #actors = new Map<string, BlobActor>()

  constructor(logic: typeof blobMachine) {
    this.#logic = logic
  }

  get size(): number {
    return this.#actors.size
  }

  keys(): Iterable<string> {
    return this.#actors.keys()
  }

  get(key: string): BlobActor | undefined {
    return this.#actors.get(key)
  }

  /** One that has not begun: whoever makes it starts it. */
  make(key: string, input: BlobInput, parent: AnyActorRef): BlobActor {
    const actor = createActor(this.#logic, { id: key, parent, input })
    this.#actors.set(key, actor)
    return actor
  }

  /** Lets go of one, for whoever stops it. */
  take(key: string): BlobActor | undefined {
    const actor = this.#actors.get(key)
    this.#actors.delete(key)
    return actor
  }
}
