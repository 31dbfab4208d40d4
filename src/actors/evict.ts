import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { failure, type Failure } from '../model/failure'
import { mayBeEvicted, type BlobRecord } from '../model/record'
import type { Entry } from '../model/wire'
import { atRest, type Tools } from './tools'

export interface Eviction {
  readonly signal: AbortSignal
  /** Asked last, in the blob's turn. */
  readonly mayGo: () => boolean
  /** Told of the record in the same turn, before anybody else reads or writes the blob. */
  readonly tell: (evicted: BlobRecord) => void
}

/**
 * Gives up the payload of a synced blob here, right after the remote has confirmed that it holds the same: then it is fetched when it is asked
 * for. Record and payload change in one step, so that a crash leaves the blob either here or on demand.
 *
 * @returns `Forbidden` for a blob that must stay here, `NotFound` or `Tampered` where the remote does not confirm it; then all is as before.
 */
export const evict = (tools: Tools, record: BlobRecord, eviction: Eviction): TE.TaskEither<Failure, BlobRecord> =>
  mayBeEvicted(record)
    ? pipe(
        tools.remote.stat(record, { signal: eviction.signal }),
        TE.chain(
          O.match(
            () => TE.left(unconfirmed('NotFound', record)),
            (entry) => drop(tools, record, entry, eviction),
          ),
        ),
      )
    : TE.left(mustStay(record))

const drop = (tools: Tools, seen: BlobRecord, entry: Entry, { mayGo, tell }: Eviction) => {
  if (entry.tag !== seen.tag) return TE.left(unconfirmed('Tampered', seen))
  return tools.inTurn(
    [seen],
    pipe(
      tools.store.record(seen),
      TE.chain((found) => {
        // What the remote confirmed is what was here then; the record may have moved on since.
        const isSame = O.isSome(found) && found.value.tag === seen.tag && mayBeEvicted(found.value)
        if (!isSame || !mayGo()) return TE.left(mustStay(seen))
        const here = { status: 'PENDING_DOWNLOAD', held: 'onDemand', isHere: false, seal: null, uploadWasTried: false } as const
        const evicted = atRest(found.value, { ...here, listedBytes: entry.sizeBytes }, tools.now())
        return pipe(
          tools.store.drop(evicted),
          TE.map(() => {
            tell(evicted)
            return evicted
          }),
        )
      }),
    ),
  )
}

const mustStay = ({ id }: BlobRecord): Failure =>
  failure('Forbidden', `“${id}” stays here: only what is synced, verified and not pinned may be evicted.`)

const unconfirmed = (tag: 'NotFound' | 'Tampered', { id }: BlobRecord): Failure =>
  failure(tag, `“${id}” stays here: the remote does not confirm that it holds the same.`)
