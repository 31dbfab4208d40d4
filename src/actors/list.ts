import { pipe } from 'fp-ts/function'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import { mentioned, type Mention } from '../model/mentions'
import type { Listed } from '../model/outcome'
import type { Change } from '../model/reconcile'
import type { BlobRecord } from '../model/record'
import type { ListedBlob } from '../model/wire'
import type { ChangesPower, Page } from '../remote/remote'
import { compare, mustHearAgain } from './compare'
import { nowhere, type FeedBook, type FeedPlace } from './feed-book'
import { AGAIN_MAX, followFeed, readFeeds, type Feeds } from './follow-feed'
import type { Tools } from './tools'

export interface ListRequest {
  readonly namespaces: readonly Namespace[]
  /** The records as they are now. */
  readonly recordsOf: (namespace: Namespace) => Promise<readonly BlobRecord[]>
  /** Those of them that do not rest, or have changed since notes are taken. */
  readonly restlessOf: (namespace: Namespace) => readonly BlobRecord[]
  readonly recordOf: (key: BlobKey) => BlobRecord | undefined
  /** How many of them have their payload here. */
  readonly countHere: (namespace: Namespace) => number
  /** Records about which silence says something: what was deleted, or not found, on the remote. */
  readonly looseEnds: (namespace: Namespace) => readonly BlobRecord[]
  /** A comparison has judged these. */
  readonly settled: (records: readonly BlobRecord[]) => void
  /** Records that wait on demand, where the app may have changed its mind. */
  readonly mayBeWanted: (namespace: Namespace) => readonly BlobRecord[]
  /** Whether a blob, by its key as text, is transferred at this moment. */
  readonly isUnderWay: (key: string) => boolean
  /** Takes notes from now on. @returns whether the record of a blob has changed since. */
  readonly noteChanges: () => (key: string) => boolean
  readonly book: FeedBook
  /** Lists everything, also where the remote tells what has changed. */
  readonly isWhole: boolean
  readonly mayRemoveMany: boolean
  /** Whether a blob is fetched without being asked for. */
  readonly wants: (blob: ListedBlob) => boolean
  readonly signal: AbortSignal
  /** Told of what was written, in the same turn. */
  readonly tell: (changes: readonly Change[]) => void
}

/** The beginning of a comparison: what changed after it says more than the remote. */
export interface Began {
  readonly startedAtMs: number
  readonly hasChanged: (key: string) => boolean
}

/**
 * Asks the remote what has changed, or for everything where it cannot tell, compares, and writes what follows, one namespace after the other.
 */
export const list = (tools: Tools, request: ListRequest): TE.TaskEither<Failure, Listed> =>
  pipe(
    TE.fromTask(() => changesOf(tools, request)),
    TE.chain((changes) => listAll(tools, request, changes)),
  )

/** What a remote loses without a word comes in no feed: a list of everything shows it, this long after the last one. */
const LISTED_MS = 24 * 60 * 60_000

/** Null where there is no feed, or nobody says whether there is one: the list tells then. */
const changesOf = async ({ remote }: Tools, { signal }: ListRequest): Promise<ChangesPower | null> => {
  if (remote.changes === undefined) return null
  const supports = await remote.supports({ signal })()
  return E.isRight(supports) && supports.right.changes ? remote.changes : null
}

const listAll =
  (tools: Tools, request: ListRequest, changes: ChangesPower | null): TE.TaskEither<Failure, Listed> =>
  async () => {
    const { namespaces, isWhole, book, signal } = request
    // Clocks count whole milliseconds: what was written in this one, before the listing, belongs before it.
    const began = { startedAtMs: tools.now() + 1, hasChanged: request.noteChanges() }
    const places = new Map<Namespace, FeedPlace & { readonly cursor: string }>()
    for (const namespace of changes === null || isWhole ? [] : namespaces) {
      const place = await book.place(namespace)()
      if (E.isLeft(place)) return place
      const { cursor, listedAtMs } = place.right
      const isOld = Math.abs(tools.now() - listedAtMs) > LISTED_MS
      if (cursor !== null && !isOld) places.set(namespace, { ...place.right, cursor })
    }
    const since = Array.from(places, ([namespace, { cursor }]) => ({ namespace, cursor }))
    const read = changes === null ? E.right<Failure, Feeds>(new Map()) : await readFeeds(changes, since, signal)()
    if (E.isLeft(read)) return read

    const all: Listed[] = []
    for (const namespace of namespaces) {
      const pages = read.right.get(namespace) ?? null
      const place = places.get(namespace)
      const one =
        pages === null || place === undefined
          ? await listOne(tools, request, namespace)()
          : await followFeed(tools, request, namespace, place, pages, began)()
      if (E.isLeft(one)) return one
      all.push(one.right)
    }
    return E.right({
      changes: all.flatMap(({ changes: made }) => made),
      corrupt: all.flatMap(({ corrupt }) => corrupt),
      removalsToConfirm: all.reduce((sum, { removalsToConfirm }) => sum + removalsToConfirm, 0),
    })
  }

const listOne = (tools: Tools, request: ListRequest, namespace: Namespace): TE.TaskEither<Failure, Listed> => {
  const hasChanged = request.noteChanges()
  const startedAtMs = tools.now() + 1
  return pipe(
    pagesOf(tools, request, namespace),
    TE.bindTo('pages'),
    TE.bind('all', () => TE.fromTask(() => request.recordsOf(namespace))),
    TE.chain(({ pages, all }) => {
      const records = all.filter((record) => !hasChanged(keyText(record)))
      const entries = pages.flatMap((page) => page.entries)
      const tombstones = pages.flatMap((page) => page.tombstones)
      const corrupt = pages.flatMap((page) => page.corrupt)
      return pipe(
        compare(tools, request, { namespace, records, entries, tombstones, startedAtMs, corrupt }),
        TE.chain(({ listed, unsettled }) => {
          request.settled(records)
          const isMissing = listed.changes.some(({ kind }) => kind === 'missing')
          const cursor = pages[0]?.feed ?? null
          // Only another list tells whether what is missing comes back, and what the app has to agree to is told by the next one.
          if (cursor === null || isMissing || listed.removalsToConfirm > 0)
            return pipe(
              request.book.keep(namespace, nowhere),
              TE.map(() => listed),
            )
          const again = heardAgain(request, namespace, pages, unsettled, hasChanged, listed.changes)
          return pipe(
            request.book.keep(namespace, again.length > AGAIN_MAX ? nowhere : { cursor, again, listedAtMs: startedAtMs }),
            TE.map(() => listed),
          )
        }),
      )
    }),
  )
}

/** What of a whole list must be heard again: that of the few blobs that are not at rest. */
const heardAgain = (
  request: ListRequest,
  namespace: Namespace,
  pages: readonly Page[],
  unsettled: ReadonlySet<BlobId>,
  hasChanged: (key: string) => boolean,
  changes: readonly Change[],
): readonly Mention[] => {
  const handled = new Set(changes.map((change) => (change.kind === 'forget' ? change.before : change.after).id))
  const open = new Set<BlobId>(unsettled)
  for (const record of request.restlessOf(namespace)) {
    const { id } = record
    if (!handled.has(id) && mustHearAgain(request, record, hasChanged(keyText(record)))) open.add(id)
  }
  if (open.size === 0) return []
  const told = pages.map(({ entries, tombstones }) => ({
    entries: entries.filter(({ id }) => open.has(id)),
    tombstones: tombstones.filter((id) => open.has(id)),
  }))
  return [...mentioned([], merged(told)).values()]
}

/** A list has its tombstones on any of its pages: they say nothing of what another page has as live. */
const merged = (pages: readonly Pick<Page, 'entries' | 'tombstones'>[]) => [
  { entries: pages.flatMap(({ entries }) => entries), tombstones: pages.flatMap(({ tombstones }) => tombstones) },
]

const pagesOf =
  (tools: Tools, { signal }: ListRequest, namespace: Namespace): TE.TaskEither<Failure, readonly Page[]> =>
  async () => {
    const pages: Page[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await tools.remote.list({ namespace, signal, ...(cursor === undefined ? {} : { cursor }) })()
      if (E.isLeft(page)) return page
      pages.push(page.right)
      cursor = page.right.next
    }
    return E.right(pages)
  }
