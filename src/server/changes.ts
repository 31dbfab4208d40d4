import type { BlobId } from '../model/ids'
import type { SetDigest } from '../model/digest'
import type { Place, Stored } from './backend'

/** What is new in a namespace since a cursor: each id once as deleted, once as live, or as both in this order. */
export interface ChangesPage {
  readonly changes: readonly Change[]
  /** Where the next page begins. */
  readonly cursor: string
  /** Whether there is more at once. */
  readonly hasMore: boolean
}

export type Change = { readonly isDeleted: false; readonly blob: Stored } | { readonly isDeleted: true; readonly id: BlobId }

/** The power to tell what has changed, where a backend has it. Nothing is told before it is durable. */
export interface ChangesBackend {
  /** Where the feed is now. Whoever lists after this and then reads from here misses nothing. */
  readonly cursor: (place: Place) => string
  /** @returns null for a cursor that this feed never gave, or that is too old. */
  readonly read: (place: Place, cursor: string, limit: number) => ChangesPage | null
  /** Calls once, when something changes in one of these places. @returns what ends it; harmless after the call. */
  readonly once: (places: readonly Place[], listener: () => void) => () => void
  /** The live blobs of a range of ids, in figures; see `rangeOf`. */
  readonly digest: (place: Place, range: string) => SetDigest
  /** The live blobs of the narrowest kind of range. */
  readonly within: (place: Place, range: string) => readonly Stored[]
}
