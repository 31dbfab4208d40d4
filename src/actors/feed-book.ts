import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type { Failure } from '../model/failure'
import type { Namespace } from '../model/ids'
import { Mention } from '../model/mentions'
import type { NotesPower } from '../store/store'

/** How far the changes of a namespace are taken in. */
export interface FeedPlace {
  /** Null: nowhere, everything is to be listed. */
  readonly cursor: string | null
  /** What was told up to there of blobs that could not be judged yet: they are judged again with the next changes. */
  readonly again: readonly Mention[]
  /** When everything was listed last. */
  readonly listedAtMs: number
}

const Noted = t.readonly(
  t.type({ version: t.literal(1), cursor: t.string, again: t.readonlyArray(Mention), listedAtMs: t.number }),
)

export const nowhere: FeedPlace = { cursor: null, again: [], listedAtMs: 0 }

/** Removals count together for this long: a remote that deletes in small pieces is asked about like one that does it at once. */
const REMOVALS_MS = 60 * 60_000

/**
 * Remembers, over restarts where the store keeps notes, how far the changes of each namespace are taken in. It is written after the records that say so: a
 * crash between lets the same changes be told once more.
 */
export interface FeedBook {
  readonly place: (namespace: Namespace) => TE.TaskEither<Failure, FeedPlace>
  readonly keep: (namespace: Namespace, place: FeedPlace) => TE.TaskEither<Failure, void>
  /** Where it was last; undefined while nobody has asked since the start. */
  readonly known: (namespace: Namespace) => FeedPlace | undefined
  /** The store was read anew, perhaps after another tab has written. @param isWhole false: records are lost, which only a list brings back. */
  readonly reopen: (isWhole: boolean) => void
  /** How many blobs went lately because the remote said so. */
  readonly removedLately: (namespace: Namespace, nowMs: number) => number
  /** @param isConfirmed The app has agreed to all that went. */
  readonly noteRemovals: (namespace: Namespace, removals: number, nowMs: number, isConfirmed: boolean) => void
}

export const feedBook = (notes: NotesPower | undefined): FeedBook => {
  const places = new Map<Namespace, FeedPlace>()
  const removed = new Map<Namespace, { readonly sinceMs: number; readonly removals: number }>()
  let mayTrust = true

  const removedLately = (namespace: Namespace, nowMs: number) => {
    const lately = removed.get(namespace)
    return lately !== undefined && nowMs - lately.sinceMs < REMOVALS_MS ? lately.removals : 0
  }

  return {
    place: (namespace) => {
      const known = places.get(namespace)
      if (known !== undefined) return TE.right(known)
      if (notes === undefined || !mayTrust) return TE.right(nowhere)
      return pipe(
        notes.read(noteOf(namespace)),
        TE.map((note) => {
          const place = O.isNone(note) ? nowhere : placeIn(note.value)
          places.set(namespace, place)
          return place
        }),
      )
    },
    keep: (namespace, place) => {
      const before = places.get(namespace)
      if (before !== undefined && isSame(before, place)) return TE.right(undefined)
      const text = place.cursor === null ? null : JSON.stringify({ version: 1, ...place })
      return pipe(
        notes === undefined ? TE.right<Failure, void>(undefined) : notes.write(noteOf(namespace), text),
        TE.map(() => void places.set(namespace, place)),
      )
    },
    known: (namespace) => places.get(namespace),
    reopen: (isWhole) => {
      places.clear()
      mayTrust = isWhole
    },
    removedLately,
    noteRemovals: (namespace, removals, nowMs, isConfirmed) => {
      if (isConfirmed) removed.delete(namespace)
      else if (removals > 0) {
        const lately = removedLately(namespace, nowMs)
        const sinceMs = lately === 0 ? nowMs : (removed.get(namespace)?.sinceMs ?? nowMs)
        removed.set(namespace, { sinceMs, removals: lately + removals })
      }
    },
  }
}

const noteOf = (namespace: Namespace) => `feed/${namespace}`

/** A note that cannot be read is as good as none. */
const placeIn = (text: string): FeedPlace =>
  pipe(
    E.tryCatch(
      () => JSON.parse(text),
      () => nowhere,
    ),
    E.chainW((note) => Noted.decode(note)),
    E.match(
      () => nowhere,
      ({ cursor, again, listedAtMs }) => ({ cursor, again, listedAtMs }),
    ),
  )

const isSame = (a: FeedPlace, b: FeedPlace) =>
  a.cursor === b.cursor && a.again.length === b.again.length && a.again.every((mention, at) => mention === b.again[at])
