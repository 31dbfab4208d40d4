import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import type { BlobId, BlobKey, Namespace } from '../model/ids'
import type { Listed } from '../model/outcome'
import { isMassRemoval, reconcile, removalsOf, type Change, type Plan } from '../model/reconcile'
import type { BlobRecord } from '../model/record'
import type { Entry, ListedBlob } from '../model/wire'
import type { Page } from '../remote/remote'
import type { Tools } from './tools'

export interface ListRequest {
  readonly namespaces: readonly Namespace[]
  /** The records as they are now. */
  readonly recordsOf: (namespace: Namespace) => readonly BlobRecord[]
  readonly recordOf: (key: BlobKey) => BlobRecord | undefined
  readonly mayRemoveMany: boolean
  /** Whether a blob is fetched without being asked for. */
  readonly wants: (blob: ListedBlob) => boolean
  readonly signal: AbortSignal
  /** Told of what was written, in the same turn. */
  readonly tell: (changes: readonly Change[]) => void
}

/** Lists the remote, compares, and writes what follows, one namespace after the other. */
export const list = (tools: Tools, request: ListRequest): TE.TaskEither<Failure, Listed> =>
  pipe(
    request.namespaces,
    TE.traverseSeqArray((namespace) => listOne(tools, request, namespace)),
    TE.map((all) => ({
      changes: all.flatMap(({ changes }) => changes),
      corrupt: all.flatMap(({ corrupt }) => corrupt),
      removalsToConfirm: all.reduce((sum, { removalsToConfirm }) => sum + removalsToConfirm, 0),
    })),
  )

const listOne = (tools: Tools, request: ListRequest, namespace: Namespace): TE.TaskEither<Failure, Listed> => {
  const atStart = new Set(request.recordsOf(namespace))
  // Clocks count whole milliseconds: what was written in this one, before the listing, belongs before it.
  const startedAtMs = tools.now() + 1
  return pipe(
    pagesOf(tools, request, namespace),
    TE.chain((pages) => {
      const records = request.recordsOf(namespace).filter((record) => atStart.has(record))
      const entries = pages.flatMap((page) => page.entries)
      const tombstones = pages.flatMap((page) => page.tombstones)
      const comparison = { namespace, records, entries, tombstones, startedAtMs, nowMs: tools.now(), wants: request.wants }
      const first = reconcile(comparison)
      return pipe(
        first.looks.length === 0
          ? TE.right<Failure, Plan>(first)
          : pipe(
              lookAt(tools, request, namespace, first.looks),
              TE.map((looks) => reconcile({ ...comparison, looks })),
            ),
        TE.chain((plan) => apply(tools, request, plan, records.filter(({ isHere }) => isHere).length)),
        TE.map((listed) => ({ ...listed, corrupt: pages.flatMap((page) => page.corrupt) })),
      )
    }),
  )
}

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

/** A look that fails leaves its blob to the next listing. */
const lookAt =
  (
    tools: Tools,
    { signal }: ListRequest,
    namespace: Namespace,
    ids: readonly BlobId[],
  ): TE.TaskEither<Failure, ReadonlyMap<BlobId, Entry | null>> =>
  async () => {
    const looks = new Map<BlobId, Entry | null>()
    for (const id of ids) {
      const look = await tools.remote.stat({ namespace, id }, { signal })()
      if (E.isRight(look)) looks.set(id, O.toNullable(look.right))
    }
    return E.right(looks)
  }

/** Writes a plan; a record that has changed since it was compared is left to the next round. */
const apply = (tools: Tools, request: ListRequest, plan: Plan, total: number): TE.TaskEither<Failure, Listed> => {
  const removals = removalsOf(plan)
  const mustAsk = !request.mayRemoveMany && isMassRemoval(removals, total)
  const wanted = mustAsk ? plan.changes.filter(({ kind }) => kind !== 'trash') : plan.changes
  const keys = wanted.map(keyOf)
  if (keys.length === 0) return TE.right({ changes: [], corrupt: [], removalsToConfirm: mustAsk ? removals : 0 })
  return tools.inTurn(keys, async () => {
    const changes = wanted.filter((change) => request.recordOf(keyOf(change)) === (change.before ?? undefined))
    const afters = changes.flatMap((change) => (change.kind === 'forget' ? [] : [change.after]))
    const gone = changes.flatMap((change) => (change.kind === 'forget' ? [change.before] : []))
    return pipe(
      afters.length === 0 ? TE.right(undefined) : tools.store.remember(afters),
      TE.chain(() => (gone.length === 0 ? TE.right(undefined) : tools.store.remove(gone))),
      TE.map(() => {
        request.tell(changes)
        return { changes, corrupt: [], removalsToConfirm: mustAsk ? removals : 0 }
      }),
    )()
  })
}

const keyOf = (change: Change): BlobKey => (change.kind === 'forget' ? change.before : change.after)
