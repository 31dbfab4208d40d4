import type { BlobId } from '../model/ids'

/** The changes of a namespace in the order of their time. */
export interface MemoryFeed {
  /** Names it: cursors of another one mean nothing here. */
  readonly name: string
  readonly log: readonly FeedItem[]
  readonly note: (id: BlobId, isDeleted: boolean) => void
  /** @returns what ends the subscription. */
  readonly subscribe: (listener: () => void) => () => void
}

export interface FeedItem {
  readonly id: BlobId
  readonly isDeleted: boolean
}

export const memoryFeed = (): MemoryFeed => {
  const log: FeedItem[] = []
  const listeners = new Set<() => void>()
  return {
    name: crypto.randomUUID(),
    log,
    note: (id, isDeleted) => {
      log.push({ id, isDeleted })
      for (const listener of listeners) listener()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Blobs by id, of which the feed tells. */
export class NotedMap<A> extends Map<BlobId, A> {
  readonly #feed: MemoryFeed
  constructor(feed: MemoryFeed) {
    super()
    this.#feed = feed
  }
  override set(id: BlobId, value: A): this {
    super.set(id, value)
    this.#feed.note(id, false)
    return this
  }
}

/** Ids that were deleted, of which the feed tells. */
export class NotedSet extends Set<BlobId> {
  readonly #feed: MemoryFeed
  constructor(feed: MemoryFeed) {
    super()
    this.#feed = feed
  }
  override add(id: BlobId): this {
    super.add(id)
    this.#feed.note(id, true)
    return this
  }
}
