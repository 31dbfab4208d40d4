import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import type { Roster } from '../machines'
import type { Tools } from './actors/tools'
import type { Clock } from './clock'
import type { Failure } from './model/failure'
import { keyText, type BlobKey } from './model/ids'
import type { BlobRecord } from './model/record'

/** A tab that has the turn of a blob and falls silent keeps it no longer than this. */
const TURN_MS = 3_000

/**
 * Gives other tabs their turn with a blob, for the time in which they add it: what this tab writes about the same blob comes before or
 * after. Then it looks for itself what the store holds: the tab may have died with its turn.
 */
export const farTurns = (
  { store, inOrder, inTurn }: Tools,
  roster: Roster,
  clock: Clock,
  takeIn: (record: BlobRecord) => void,
) => {
  const held = new Map<string, { readonly end: () => void; readonly isOver: Promise<E.Either<Failure, boolean>> }>()

  /** Takes in what was added. What is here already, or on its way out, nobody may have replaced. @returns whether there is a blob. */
  const lookAt = (key: BlobKey): TE.TaskEither<Failure, boolean> =>
    pipe(
      store.record(key),
      TE.map((found) => {
        const known = roster.get(key)
        const isFree = known === undefined || known.trashedAtMs !== null || known.erasedAtMs !== null || !known.isHere
        if (isFree && O.isSome(found) && found.value.status === 'PENDING_UPLOAD' && found.value.isHere) takeIn(found.value)
        // A follower may have read the store before it was added.
        roster.touched?.add(keyText(key))
        return O.isSome(found) && found.value.trashedAtMs === null && found.value.status !== 'PENDING_DELETE'
      }),
    )

  return {
    /** Resolves when the turn has come. */
    give: (key: BlobKey, token: string): Promise<void> =>
      new Promise((resolve) => {
        let end = () => {}
        const isDone = new Promise<void>((done) => {
          end = done
        })
        const turn = inOrder([key], async () => {
          resolve()
          const timer = clock.setTimeout(end, TURN_MS)
          await isDone
          clock.clearTimeout(timer)
          held.delete(token)
          return lookAt(key)()
        })
        held.set(token, { end, isOver: turn() })
      }),
    /** The tab has added it, or has not. @returns false if no blob is there. */
    end: async (key: BlobKey, token: string): Promise<boolean> => {
      const turn = held.get(token)
      turn?.end()
      const isThere = await (turn?.isOver ?? inTurn([key], lookAt(key))())
      return E.isLeft(isThere) || isThere.right
    },
    /** Waits for nobody any more. */
    close: () => {
      for (const { end } of held.values()) end()
    },
  }
}
