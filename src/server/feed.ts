import { createHash } from 'node:crypto'
import type { Commit } from '../store/group-commit'
import type { Place } from './backend'
import type { ChangesBackend } from './changes'
import type { FeedRows } from './feed-rows'

/** A feed over the rows of a database. */
export interface Feed {
  readonly changes: ChangesBackend
  /** Notes a change that the work which a commit runs now has made. */
  readonly note: (place: Place) => void
  /** A commit after which whoever waits for a change is told of it. */
  readonly telling: (commit: Commit) => Commit
}

/** @param keptMs A cursor is too old when the first change after it was so long ago. */
export const feedOver = (rows: FeedRows, keptMs: number): Feed => {
  const listeners = new Map<string, Set<() => void>>()
  /** Up to here all is on the disk: what a client was told of must not be lost to a power cut, and its number given to another change. */
  let durable = rows.last()
  let noted: Place[] = []

  const tell = (places: readonly Place[]) => {
    for (const place of new Set(places.map(placeText))) for (const listener of listeners.get(place) ?? []) listener()
  }

  /** Names the feed of one namespace in one database: what came from another one, or from another user, means nothing here. */
  const nameOf = (place: Place) =>
    createHash('sha256')
      .update(`${rows.name} ${placeText(place)}`)
      .digest('base64url')
      .slice(0, 12)

  const cursorAt = (place: Place, number: number) => `${nameOf(place)}.${number}`

  /** @returns null for a cursor that is none of ours. */
  const numberOf = (place: Place, cursor: string): number | null => {
    const [, name, digits] = /^([\w-]+)\.(\d{1,15})$/.exec(cursor) ?? []
    const number = Number(digits)
    return name === nameOf(place) && number <= rows.last() ? number : null
  }

  return {
    note: (place) => void noted.push(place),
    telling: (commit) => async (work) => {
      const { result, places, last } = await commit(() => {
        noted = []
        const done = work()
        return { result: done, places: noted, last: noted.length === 0 ? 0 : rows.last() }
      })
      durable = Math.max(durable, last)
      tell(places)
      return result
    },
    changes: {
      cursor: (place) => cursorAt(place, rows.lastIn(place, durable)),
      read: (place, cursor, limit) => {
        const after = numberOf(place, cursor)
        if (after === null) return null
        const found = rows.since(place, after, durable, limit + 1)
        const [first] = found
        if (first !== undefined && first.atMs + keptMs < Date.now()) return null
        const page = found.slice(0, limit)
        return {
          changes: page.map(({ change }) => change),
          cursor: cursorAt(place, page.at(-1)?.number ?? after),
          hasMore: found.length > limit,
        }
      },
      once: (places, listener) => {
        const keys = places.map(placeText)
        const end = () => {
          for (const key of keys) {
            const waiting = listeners.get(key)
            waiting?.delete(call)
            if (waiting?.size === 0) listeners.delete(key)
          }
        }
        const call = () => {
          end()
          listener()
        }
        for (const key of keys) listeners.set(key, (listeners.get(key) ?? new Set()).add(call))
        return end
      },
      digest: rows.digest,
      within: rows.within,
    },
  }
}

const placeText = ({ user, namespace }: Place) => `${user}/${namespace}`
