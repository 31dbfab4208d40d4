import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Failure } from '../model/failure'
import { keyText, type BlobId, type BlobKey, type Namespace } from '../model/ids'
import type { Told } from '../model/mentions'
import type { Listed } from '../model/outcome'
import { isMassRemoval, reconcile, removalsOf, type Change, type Plan } from '../model/reconcile'
import type { BlobRecord } from '../model/record'
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
  const first = reconcile(comparison)
  const looked: TE.TaskEither<Failure, { readonly plan: Plan; readonly unseen: readonly BlobId[] }> =
    first.looks.length === 0
      ? TE.right({ plan: first, unseen: [] })
      : pipe(
          lookAt(tools, request, compared.namespace, first.looks),
          TE.map((looks) => ({
            plan: reconcile({ ...comparison, looks }),
            unseen: first.looks.filter((id) => looks.get(id) === undefined || looks.get(id) === null),
          })),
        )
  return pipe(
    looked,
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
  const keys = wanted.map(keyOf)
  const removalsToConfirm = mustAsk ? removals : 0
  if (keys.length === 0) return TE.right({ changes: [], corrupt: [], removalsToConfirm })
  return tools.inTurn(keys, async () => {
    const changes = wanted.filter((change) => request.recordOf(keyOf(change)) === (change.before ?? undefined))
    const afters = changes.flatMap((change) => (change.kind === 'forget' ? [] : [change.after]))
    const gone = changes.flatMap((change) => (change.kind === 'forget' ? [change.before] : []))
    return pipe(
      afters.length === 0 ? TE.right(undefined) : tools.store.remember(afters),
      TE.chain(() => (gone.length === 0 ? TE.right(undefined) : tools.store.remove(gone))),
      TE.map(() => {
        book.noteRemovals(namespace, mustAsk ? 0 : removals, tools.now(), mayRemoveMany)
        request.tell(changes)
        return { changes, corrupt: [], removalsToConfirm }
      }),
    )()
  })
}

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
