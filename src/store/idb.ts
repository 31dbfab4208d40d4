import * as E from 'fp-ts/Either'
import { systemClock, type Clock } from '../clock'
import type { Bytes } from '../model/bytes'
import { failure } from '../model/failure'
import { keyText } from '../model/ids'
import { blobPayload, bytesPayload } from '../model/payload'
import { openBrowserDatabase, type BrowserDatabase } from './browser-database'
import type { Placed, Placement } from './browser-placement'
import { browserStore, type BrowserStoreOptions } from './browser-store'
import { idbDrafts } from './idb-drafts'
import type { Store } from './store'

export interface IdbStoreOptions extends BrowserStoreOptions {
  /** The largest payload, in bytes, that is kept as bytes; a larger one is a `Blob`, which is never in memory as a whole. @default 65536 */
  readonly inlineBytesMax?: number
  /** Times the opening, which another tab may hold up. @default the system's */
  readonly clock?: Clock
}

/**
 * A store in the browser's IndexedDB, for all tabs of a site.
 *
 * The database is opened by the first call, and again by the next one after the browser, the user or another tab took it away.
 *
 * @param name Of the database, which is this store's alone.
 */
export const idbStore = (name: string, options: IdbStoreOptions = {}): Store => {
  const { inlineBytesMax = INLINE_BYTES_MAX, clock = systemClock } = options
  const database = openBrowserDatabase(name, clock)
  return browserStore(`idb:${name}`, database, placementIn(database, inlineBytesMax), options)
}

const placementIn = (database: BrowserDatabase, inlineBytesMax: number): Placement => {
  const { draft, blobOf, drop, forgetOthers } = idbDrafts(database)
  return {
    place: async (_key, payload) =>
      payload.sizeBytes <= inlineBytesMax
        ? E.map((value): Placed => ({ value }))(await payload.read()())
        : // A slice of all has neither the name nor the date that a File would bring along.
          E.map((blob: Blob): Placed => ({ value: blob.slice() }))(await payload.blob()()),
    payloadAt: async (key, value) => {
      if (isBytes(value)) return E.right(bytesPayload(value))
      if (value instanceof Blob) return E.right(blobPayload(value))
      return E.left(failure('Corrupt', `The payload of ${keyText(key)} is damaged.`))
    },
    draftBytes: DRAFT_BYTES,
    draft: async (_key, kept) => draft(kept),
    blobOf,
    forgetDrafts: forgetOthers,
    dropPieces: drop,
  }
}

/** What a page puts is its own, and never shared memory. */
const isBytes = (value: unknown): value is Bytes => value instanceof Uint8Array

// Chromium itself makes a Blob of a value this large, and then copies its bytes once more.
const INLINE_BYTES_MAX = 64 * 1024

const DRAFT_BYTES = 4 * 1024 * 1024
