import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { keyText, type Namespace } from '../model/ids'
import { mentioned, toldBy } from '../model/mentions'
import type { Listed } from '../model/outcome'
import type { BlobRecord } from '../model/record'
import { FEEDS_MAX, type ChangesPage, type ChangesPower, type Since } from '../remote/remote'
import { compare, mustHearAgain } from './compare'
import { nowhere, type FeedPlace } from './feed-book'
import type { Began, ListRequest } from './list'
import type { Tools } from './tools'

/** Reads what has changed since these cursors, all of it, in one request where it is little. */
export const readFeeds =
  (changes: ChangesPower, since: readonly Since[], signal: AbortSignal): TE.TaskEither<Failure, Feeds> =>
  async () => {
    const read = new Map<Namespace, readonly ChangesPage[] | null>()
    for (let rest = since; rest.length > 0;) {
      const asked = rest.slice(0, FEEDS_MAX)
      const answer = await changes.read({ since: asked, signal })()
      if (E.isLeft(answer)) return answer
      const more: Since[] = []
      for (const [at, { namespace }] of asked.entries()) {
        const page = answer.right[at] ?? null
        const before = read.get(namespace) ?? []
        read.set(namespace, page === null ? null : [...before, page])
        if (page?.hasMore === true) more.push({ namespace, cursor: page.cursor })
      }
      rest = [...rest.slice(FEEDS_MAX), ...more]
    }
    return E.right(read)
  }

/** Null: the remote no longer knows the cursor. */
export type Feeds = ReadonlyMap<Namespace, readonly ChangesPage[] | null>

/** Takes in what has changed in a namespace. Where nothing has, it costs nothing. */
export const followFeed = (
  tools: Tools,
  request: ListRequest,
  namespace: Namespace,
  place: FeedPlace,
  pages: readonly ChangesPage[],
  { startedAtMs, hasChanged }: Began,
): TE.TaskEither<Failure, Listed> => {
  const mentions = mentioned(place.again, pages)
  const known = Array.from(mentions.keys(), (id) => request.recordOf({ namespace, id }))
  const others = request.looseEnds(namespace).filter(({ id }) => !mentions.has(id))
  const waiting = request.mayBeWanted(namespace).filter(({ id }) => !mentions.has(id))
  const records = [...known, ...others, ...waiting].filter(
    (record): record is BlobRecord => record !== undefined && !hasChanged(keyText(record)),
  )
  const { entries, tombstones } = toldBy(mentions.values())
  const corrupt = pages.flatMap((page) => page.corrupt)
  const told = {
    namespace,
    records,
    // Those that wait to be wanted are there as far as is known: nothing was told of them since.
    entries: [...entries.filter(({ id }) => !hasChanged(keyText({ namespace, id }))), ...waiting.map(asListed)],
    tombstones,
    startedAtMs,
    corrupt,
  }
  const cursor = pages.at(-1)?.cursor ?? place.cursor
  if (mentions.size + records.length === 0)
    return pipe(
      request.book.keep(namespace, { ...place, cursor }),
      TE.map(() => ({ changes: [], corrupt, removalsToConfirm: 0 })),
    )
  return pipe(
    compare(tools, request, told),
    TE.chain(({ listed, unsettled }) => {
      // What the app has to agree to is told again by the next sync.
      if (listed.removalsToConfirm > 0) return TE.right(listed)
      const isMissing = listed.changes.some(({ kind }) => kind === 'missing')
      const handled = new Set(listed.changes.map((change) => (change.kind === 'forget' ? change.before : change.after).id))
      const again = [...mentions.values()].filter(({ id }) => {
        const key = { namespace, id }
        if (unsettled.has(id)) return true
        return !handled.has(id) && mustHearAgain(request, key, hasChanged(keyText(key)))
      })
      request.settled(records)
      return pipe(
        request.book.keep(namespace, isMissing || again.length > AGAIN_MAX ? nowhere : { ...place, cursor, again }),
        TE.map(() => listed),
      )
    }),
  )
}

/** Of more blobs than these a list tells better. */
export const AGAIN_MAX = 2_000

const asListed = ({ id, listedBytes, tag }: BlobRecord) => ({ id, sizeBytes: listedBytes, tag })
