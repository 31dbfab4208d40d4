import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import type { Tools } from './actors/tools'
import type { openAsks } from './asks'
import type { Clock } from './clock'
import type { Failure } from './model/failure'
import type { BlobKey } from './model/ids'

/** A blob's turn is asked for no longer than this: a leader that is silent has nothing to say about it. */
const TURN_WAIT_MS = 1_000

export interface OwnTurns {
  readonly ask: ReturnType<typeof openAsks>['ask']
  readonly tools: Tools
  readonly clock: Clock
  /** The term in which this tab leads; null while it does not. */
  readonly termNow: () => object | null
}

/** Gets this tab its turns with blobs to which it adds bytes, and lets the leader know of them. */
export const ownTurns = ({ ask, tools, clock, termNow }: OwnTurns) => {
  /** Who waits for a turn of the leader when this tab becomes it needs none. */
  let waiting = new AbortController()

  const ofLeader = async (key: BlobKey, token: string) => {
    const enough = new AbortController()
    const timer = clock.setTimeout(() => enough.abort(), TURN_WAIT_MS)
    const signal = AbortSignal.any([enough.signal, waiting.signal])
    await ask('turn', [key.id, key.namespace, token], { signal }).catch(() => {})
    clock.clearTimeout(timer)
  }

  /** Runs in the blob's turn among all that the tabs do with it, to add it. It may run again, once it was undone. */
  const inTurn =
    <A>(key: BlobKey, use: TE.TaskEither<Failure, A>, isSmall?: boolean): TE.TaskEither<Failure, A> =>
    async () => {
      const token = crypto.randomUUID()
      const before = termNow()
      if (before === null) await ofLeader(key, token)
      const result = await tools.inTurn([key], use, isSmall)()
      const tell = async () => {
        const isThere = await ask('added', [key.id, key.namespace, token])
        // A leader that was silent may have been about to remove what was there before, and have removed this.
        if (!isThere && E.isRight(result)) await inTurn(key, use, isSmall)()
      }
      // One that is closed need not know.
      if (before === null || before !== termNow()) tell().catch(() => {})
      return result
    }

  return {
    inTurn,
    /** This tab leads now. */
    stopWaiting: () => {
      waiting.abort()
      waiting = new AbortController()
    },
  }
}
