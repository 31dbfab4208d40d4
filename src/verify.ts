import * as E from 'fp-ts/Either'
import type { Engine } from './engine'
import { orThrow } from './engine'
import { breather } from './model/breather'
import { combined, digestOf, digestText, nothing, rangeOf, RANGE_DIGITS, type SetDigest } from './model/digest'
import { failure } from './model/failure'
import type { BlobId, Namespace } from './model/ids'
import type { BlobRecord } from './model/record'
import type { Entry } from './model/wire'
import { readAll } from './resting'
import { BlobSyncError, type BlobRef, type BlobSync, type VerifyReport } from './options'
import type { ChangesPower, RangeDigest } from './remote/remote'

/** Changes that come while it compares make it begin anew, so many times. */
const TRIES = 3

/**
 * Compares what is at rest here with what the remote holds: by one digest where both are the same, by those of ever narrower ranges where not, and by a
 * list where the remote has no digests.
 */
export const verify = (engine: Engine, sync: BlobSync['sync']): BlobSync['verify'] => {
  const { remote, roster, closing, namespaces } = engine

  const recordsIn = (namespace: Namespace) => readAll(roster, (record) => record.namespace === namespace)

  return async ({ signal } = {}) => {
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing])
    const { failure: reason } = await sync({ wait: false, ...(signal === undefined ? {} : { signal }) })
    if (reason !== null) throw new BlobSyncError(reason)
    const supports = orThrow(await remote.supports({ signal: either })())
    const found: Difference[] = []
    for (const namespace of namespaces()) {
      const { changes } = remote
      if (supports.changes && changes !== undefined)
        found.push(...(await byDigests(changes, namespace, () => recordsIn(namespace), either)))
      else found.push(...differences(namespace, await recordsIn(namespace), await wholeList(engine, namespace, either)))
      if (either.aborted) throw new BlobSyncError(failure('Aborted', 'The app called it off, or blobsync was closed.'))
    }
    const of = (kind: Difference['kind']): readonly BlobRef[] =>
      found.flatMap((one) => (one.kind === kind ? [{ namespace: one.namespace, id: one.id }] : []))
    return { isEqual: found.length === 0, notThere: of('notThere'), notHere: of('notHere'), different: of('different') }
  }
}

interface Difference extends BlobRef {
  readonly kind: keyof Omit<VerifyReport, 'isEqual'>
}

const byDigests = async (
  changes: ChangesPower,
  namespace: Namespace,
  records: () => Promise<readonly BlobRecord[]>,
  signal: AbortSignal,
): Promise<readonly Difference[]> => {
  for (let tries = 1; ; tries += 1) {
    const ask = async (range: string) => {
      const told = orThrow(await changes.digest(namespace, range, { signal })())
      cursors.add(told.cursor)
      return told
    }
    const cursors = new Set<string>()
    const found: Difference[] = []
    // Asked before anybody looks here: what changes while they are counted shows in the cursor of the next answer.
    const all = await ask('')
    const leaves = await leavesOf(await records())
    const narrow = async (range: string, told: RangeDigest): Promise<void> => {
      if (range.length === RANGE_DIGITS)
        return void found.push(...differences(namespace, leaves.get(range)?.records ?? [], told.entries))
      if (isSame(within(leaves, range), told)) return
      for (const [digit, part] of told.parts.entries()) {
        const inner = range + digit.toString(16)
        if (!isSame(within(leaves, inner), part)) await narrow(inner, await ask(inner))
      }
    }
    await narrow('', all)
    // What changed meanwhile is no difference; where it never rests, what was found last is told.
    if (found.length === 0 || cursors.size <= 1 || tries === TRIES) return found
  }
}

/** A narrowest range: what is known of it here, and what the remote should hold of it. */
interface Leaf {
  readonly records: BlobRecord[]
  sum: SetDigest
}

const leavesOf = async (records: readonly BlobRecord[]): Promise<ReadonlyMap<string, Leaf>> => {
  const pause = breather()
  const leaves = new Map<string, Leaf>()
  for (const record of records) {
    const range = rangeOf(record.id)
    const leaf = leaves.get(range) ?? { records: [], sum: nothing }
    leaves.set(range, leaf)
    leaf.records.push(record)
    if (isThere(record)) leaf.sum = combined(leaf.sum, digestOf(record.id, record.tag ?? ''))
    await pause()
  }
  return leaves
}

/** What the remote should hold in a range, as far as is known here. */
const within = (leaves: ReadonlyMap<string, Leaf>, range: string) => {
  let sum = nothing
  for (const [name, leaf] of leaves) if (name.startsWith(range)) sum = combined(sum, leaf.sum)
  return { blobs: sum.blobs, digest: digestText(sum) }
}

const isSame = (a: { readonly blobs: number; readonly digest: string }, b: typeof a) =>
  a.blobs === b.blobs && a.digest === b.digest

/** Whether the remote holds it, as far as is known. */
const isThere = ({ status, trashedAtMs, missingSinceMs }: Pick<BlobRecord, 'status' | 'trashedAtMs' | 'missingSinceMs'>) =>
  (status === 'SYNCED' || status === 'PENDING_DOWNLOAD' || status === 'FAILED_DOWNLOAD') &&
  trashedAtMs === null &&
  missingSinceMs === null

/** Blob by blob. What is on its way up or out proves nothing, and a tag that one side does not know neither. */
const differences = (namespace: Namespace, here: readonly BlobRecord[], there: readonly Entry[]): readonly Difference[] => {
  const records = new Map<BlobId, BlobRecord>(here.map((record) => [record.id, record]))
  const listed = new Set(there.map(({ id }) => id))
  const found: Difference[] = []
  for (const { id, tag } of there) {
    const record = records.get(id)
    if (record === undefined) found.push({ kind: 'notHere', namespace, id })
    else if (record.trashedAtMs !== null) found.push({ kind: 'notHere', namespace, id })
    else if (isThere(record) && tag !== null && record.tag !== null && record.tag !== tag)
      found.push({ kind: 'different', namespace, id })
  }
  for (const record of here)
    if (record.status === 'SYNCED' && record.trashedAtMs === null && !listed.has(record.id))
      found.push({ kind: 'notThere', namespace, id: record.id })
  return found
}

const wholeList = async ({ remote }: Engine, namespace: Namespace, signal: AbortSignal): Promise<readonly Entry[]> => {
  const entries: Entry[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await remote.list({ namespace, signal, ...(cursor === undefined ? {} : { cursor }) })()
    if (E.isLeft(page)) throw new BlobSyncError(page.left)
    entries.push(...page.right.entries)
    cursor = page.right.next
  }
  return entries
}
