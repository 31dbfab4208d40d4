import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import type { Told } from '../model/mentions'
import type { Listed } from '../model/outcome'
import { breather } from '../model/breather'
import { isMassRemoval, reconcile, removalsOf, type Change, type Comparison, type Plan } from '../model/reconcile'
import { isSame, type BlobRecord } from '../model/record'
import type { Entry } from '../model/wire'
import type { ListRequest } from './list'
import type { Tools } from './tools'

/** What a remote told of a namespace, and the records that it is about. */
export interface Compared extends Told {
  readonly namespace: Namespace
  readonly records: readonly BlobRecord[]
  readonly startedAtMs: number
  readonly corrupt: readonly Failure[]
}

export interface Comparing {
  readonly listed: Listed
  /** Ids on which nothing could be settled: nobody could look at them, or their records have changed meanwhile, or the app has to agree first. */
  readonly unsettled: ReadonlySet<BlobId>
}

/** Compares, and writes what follows. */
export const compare = (tools: Tools, request: ListRequest, compared: Compared): TE.TaskEither<Failure, Comparing> => {
  const comparison = { ...compared, nowMs: tools.now(), wants: request.wants }
  return pipe(
    TE.fromTask<Plan, Failure>(() => planOf(comparison)),
    TE.chain((first): TE.TaskEither<Failure, { readonly plan: Plan; readonly unseen: readonly BlobId[] }> =>
      first.looks.length === 0
        ? TE.right({ plan: first, unseen: [] })
        : pipe(
            lookAt(tools, request, compared.namespace, first.looks),
            TE.chain((looks) =>
              TE.fromTask(async () => ({
                plan: await planOf({ ...comparison, looks }),
                unseen: first.looks.filter((id) => (looks.get(id) ?? null) === null),
              })),
            ),
          ),
    ),
    TE.chain(({ plan, unseen }) =>
      pipe(
        apply(tools, request, compared.namespace, plan),
        TE.map((listed) => {
          const done = new Set(listed.changes.map((change) => keyOf(change).id))
          const left = plan.changes.map((change) => keyOf(change).id).filter((id) => !done.has(id))
          return { listed: { ...listed, corrupt: compared.corrupt }, unsettled: new Set([...unseen, ...left]) }
        }),
      ),
    ),
  )
}

const SLICE = 2_000

/** Each id is judged by itself, so a long list is judged slice by slice, and others go first in between. */
const planOf = async (comparison: Comparison): Promise<Plan> => {
  const { records, entries, tombstones } = comparison
  if (records.length + entries.length <= SLICE) return reconcile(comparison)
  const breathe = breather()
  const deleted = new Set(tombstones)
  const listed = new Map<BlobId, Entry>()
  for (const slice of slicesOf(entries)) {
    for (const entry of slice) listed.set(entry.id, entry)
    await breathe()
  }
  const changes: Change[] = []
  const looks: BlobId[] = []
  const judge = async (some: readonly BlobRecord[], there: readonly Entry[]) => {
    const ids = some.map(({ id }) => id)
    const plan = reconcile({ ...comparison, records: some, entries: there, tombstones: ids.filter((id) => deleted.has(id)) })
    for (const change of plan.changes) changes.push(change)
    looks.push(...plan.looks)
    await breathe()
  }
  for (const slice of slicesOf(records)) {
    const there: Entry[] = []
    for (const { id } of slice) {
      const entry = listed.get(id)
      if (entry !== undefined) there.push(entry)
      listed.delete(id)
    }
    await judge(slice, there)
  }
  let unknown: Entry[] = []
  for (const entry of listed.values()) {
    if (unknown.push(entry) < SLICE) continue
    await judge([], unknown)
    unknown = []
  }
  await judge([], unknown)
  return { changes, looks }
}

function* slicesOf<A>(items: readonly A[]): Generator<readonly A[]> {
  for (let at = 0; at < items.length; at += SLICE) yield items.slice(at, at + SLICE)
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
const apply = (tools: Tools, request: ListRequest, namespace: Namespace, plan: Plan): TE.TaskEither<Failure, Listed> => {
  const { book, mayRemoveMany } = request
  const removals = removalsOf(plan)
  const lately = book.removedLately(namespace, tools.now())
  const mustAsk =
    !mayRemoveMany &&
    removals > 0 &&
    isMassRemoval(removals + lately, 0) &&
    isMassRemoval(removals + lately, request.countHere(namespace))
  const wanted = mustAsk ? plan.changes.filter(({ kind }) => kind !== 'trash') : plan.changes
  const removalsToConfirm = mustAsk ? removals : 0
  return async () => {
    const changes: Change[] = []
    // One transaction for all of them would hold up everybody else.
    for (const slice of slicesOf(wanted)) {
      const written = await write(tools, request, slice)()
      if (E.isLeft(written)) return written
      changes.push(...written.right)
    }
    book.noteRemovals(namespace, mustAsk ? 0 : removals, tools.now(), mayRemoveMany)
    return E.right({ changes, corrupt: [], removalsToConfirm })
  }
}

const write = (tools: Tools, request: ListRequest, wanted: readonly Change[]): TE.TaskEither<Failure, readonly Change[]> =>
  tools.inTurn(wanted.map(keyOf), async () => {
    const changes = wanted.filter((change) => isSame(request.recordOf(keyOf(change)), change.before ?? undefined))
    const afters = changes.flatMap((change) => (change.kind === 'forget' ? [] : [change.after]))
    const gone = changes.flatMap((change) => (change.kind === 'forget' ? [change.before] : []))
    return pipe(
      afters.length === 0 ? TE.right(undefined) : tools.store.remember(afters),
      TE.chain(() => (gone.length === 0 ? TE.right(undefined) : tools.store.remove(gone))),
      TE.map(() => {
        request.tell(changes)
        return changes
      }),
    )()
  })

const keyOf = (change: Change): BlobKey => (change.kind === 'forget' ? change.before : change.after)

/**
 * Whether what a remote says now of a blob must be heard again once more is known: the blob changes at this moment, or its upload may be on the way, or
 * it is kept apart until the app decides.
 */
export const mustHearAgain = ({ recordOf, isUnderWay }: ListRequest, key: BlobKey, hasChanged: boolean): boolean => {
  const record = recordOf(key)
  if (record === undefined) return hasChanged
  return (
    hasChanged ||
    record.status === 'PENDING_UPLOAD' ||
    record.held === 'localOnly' ||
    record.held === 'conflict' ||
    isUnderWay(keyText(key))
  )
}
