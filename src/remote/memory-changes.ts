import * as E from 'fp-ts/Either'
import type { Clock } from '../clock'
import { combined, digestOf, digestText, nothing, partsOf, rangeOf, RANGE_DIGITS } from '../model/digest'
import type { BlobId } from '../model/ids'
import type { Entry } from '../model/wire'
import { encodeTag } from './encode-tag'
import { namespaceIn, type FedNamespace, type RemoteMemory } from './memory-content'
import type { ChangesPage, ChangesPower, Since } from './remote'
import { unlessAborted } from './unless-aborted'

const LIMIT = 1000

/** The power `changes` of what is in memory. */
export const memoryChanges = (
  memory: RemoteMemory,
  clock: Clock,
  entryOf: (id: BlobId, bytes: Uint8Array) => Entry,
): ChangesPower => {
  const page = ({ namespace, cursor }: Since, limit: number): ChangesPage | null => {
    const place = namespaceIn(memory, namespace)
    const { log } = place.feed
    const [, name, digits] = /^(.+)[.](\d+)$/.exec(cursor) ?? []
    const after = Number(digits)
    if (name !== place.feed.name || after > log.length) return null
    // Each id counts once, where it was last: so it cannot be on one page as deleted, and live on the one before.
    const until = Math.min(log.length, after + limit)
    const ids = new Set(log.slice(after, until).map(({ id }) => id))
    const entries = [...ids].flatMap((id) => {
      const bytes = place.blobs.get(id)
      return bytes === undefined ? [] : [entryOf(id, bytes)]
    })
    const deleted = new Set(log.slice(after, until).flatMap(({ id, isDeleted }) => (isDeleted ? [id] : [])))
    return { entries, tombstones: [...deleted], corrupt: [], cursor: `${name}.${until}`, hasMore: until < log.length }
  }

  const waitForChange = (since: readonly Since[], waitMs: number, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      const end = () => {
        clock.clearTimeout(timer)
        for (const stop of stops) stop()
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = clock.setTimeout(end, waitMs)
      const stops = since.map(({ namespace }) => namespaceIn(memory, namespace).feed.subscribe(end))
      signal?.addEventListener('abort', end)
    })

  return {
    read:
      ({ since, limit = LIMIT, waitMs = 0, signal }) =>
      async () => {
        // Looked at and waited for in one step: what comes in between would be missed.
        const isNew = ({ cursor }: Since, at: number) => pages[at]?.cursor !== cursor
        const pages = since.map((one) => page(one, limit))
        if (waitMs > 0 && signal?.aborted !== true && !since.some(isNew)) await waitForChange(since, waitMs, signal)
        return unlessAborted(signal, () => E.right(since.map((one) => page(one, limit))))()
      },

    digest: (namespace, range, { signal } = {}) =>
      unlessAborted(signal, () => {
        const place = namespaceIn(memory, namespace)
        const inside = [...place.blobs].filter(([id]) => rangeOf(id).startsWith(range))
        const told = (within: string) => {
          const all = inside
            .filter(([id]) => rangeOf(id).startsWith(within))
            .reduce((sum, [id, bytes]) => combined(sum, digestOf(id, encodeTag(bytes) ?? '')), nothing)
          return { blobs: all.blobs, digest: digestText(all) }
        }
        const isNarrow = range.length === RANGE_DIGITS
        return E.right({
          ...told(range),
          cursor: feedOf(place),
          parts: isNarrow ? [] : partsOf(range).map(told),
          entries: isNarrow ? inside.map(([id, bytes]) => entryOf(id, bytes)) : [],
        })
      }),
  }
}

/** Where the feed of a namespace is now. */
export const feedOf = ({ feed }: FedNamespace): string => `${feed.name}.${feed.log.length}`
