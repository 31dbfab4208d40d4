import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { joined } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { blobPayload, bytesPayload } from '../model/payload'
import { attempt } from './browser-failure'
import type { Keeping } from './browser-keeping'
import type { Piece } from './browser-kept'
import type { Draft, Placed, Placement } from './browser-placement'
import type { LastingStaging } from './store'

/** What a staging asks of its store. */
export interface StagingGround {
  readonly placement: Placement
  /** Runs work as the calls of the store do: counted, and with errors of the browser turned into failures. */
  readonly use: <A>(what: string, run: () => Promise<E.Either<Failure, A>>) => TaskEither<Failure, A>
  readonly keeping: Pick<Keeping, 'keep' | 'keepPieces' | 'forgetPieces'>
  /** What lets go of each staging that has not ended. */
  readonly stagings: Set<() => Promise<void>>
  /** What lets go of the latest staging of a blob, by its key. */
  readonly lasting: Map<string, () => Promise<void>>
}

/**
 * A staging that waits in memory for a while and goes on in a draft. A call that fails ends it and forgets what was not kept.
 *
 * @param pieces What it goes on after, as an earlier one kept it.
 */
export const browserStaging = (
  key: BlobKey,
  { placement, use, keeping, stagings, lasting }: StagingGround,
  pieces: readonly Piece[] = [],
): LastingStaging => {
  const place = keyText(key)
  let parts: Uint8Array[] = []
  let partsBytes = 0
  let kept = pieces
  let draft: Draft | null = null
  let line: Promise<unknown> = Promise.resolve()
  let hasEnded = false

  const end = () => {
    hasEnded = true
    parts = []
    stagings.delete(leave)
    if (lasting.get(place) === leave) lasting.delete(place)
  }

  const leave = async () => {
    if (hasEnded) return
    end()
    await draft?.discard(kept)
  }

  const discard = async (): Promise<E.Either<Failure, void>> => {
    if (hasEnded) return E.right(undefined)
    const forgotten = kept.length > 0 ? await keeping.forgetPieces(key) : E.right(undefined)
    // One that leads no more must not take away what the next one goes on with.
    if (E.isRight(forgotten)) kept = []
    await leave()
    return forgotten
  }

  const ended = () => E.left(failure('StorageBroken', `The staging of ${place} has ended.`))

  const step = <A>(what: string, run: () => Promise<E.Either<Failure, A>>): TaskEither<Failure, A> =>
    use(`${what} ${place}`, async () => {
      if (hasEnded) return ended()
      const done = await attempt(`${what} ${place}`, run)
      // Why it failed matters more than what letting it go comes to: the next leader does that again.
      if (E.isLeft(done)) await leave().catch(() => {})
      return done
    })

  /** One after the other: what is kept may be written while more comes. */
  const inLine = <A>(run: () => Promise<A>): Promise<A> => {
    const turn = line.then(run, run)
    line = turn
    return turn
  }

  const spill = async (): Promise<E.Either<Failure, Draft>> => {
    const whole = joined(parts)
    parts = []
    partsBytes = 0
    draft ??= await placement.draft(key, kept)
    if (whole.length === 0) return E.right(draft)
    const open = draft
    return E.map(() => open)(await open.append(whole))
  }

  const placed = async (): Promise<E.Either<Failure, Placed>> => {
    if (draft === null && kept.length === 0) return placement.place(key, bytesPayload(joined(parts)))
    const spilt = await inLine(spill)
    return E.isLeft(spilt) ? spilt : spilt.right.end(kept)
  }

  stagings.add(leave)
  lasting.set(place, leave)
  return {
    append: (bytes) =>
      step('Staging', async () => {
        // Pieces of a few bytes would take more memory than what they hold.
        if (parts.push(bytes) === PARTS_MAX) parts = [joined(parts)]
        partsBytes += bytes.length
        return partsBytes < placement.draftBytes ? E.right(undefined) : E.map(() => undefined)(await inLine(spill))
      }),
    keep: (record) =>
      step('Keeping', async () => {
        const now = await inLine(async () => {
          const spilt = await spill()
          return E.isLeft(spilt) ? spilt : E.right(await spilt.right.keep())
        })
        if (E.isLeft(now)) return now
        if (hasEnded) return ended()
        const done = await keeping.keepPieces(record, now.right)
        if (E.isRight(done)) kept = now.right
        return done
      }),
    read: (from, to) =>
      step('Reading', async () => {
        const blob = await placement.blobOf(kept)
        return blob === null ? ended() : blobPayload(blob).read(from, to)()
      }),
    commit: (record) =>
      step('Storing', async () => {
        const whole = await placed()
        if (E.isLeft(whole)) return whole
        end()
        return keeping.keep(record, whole.right)
      }),
    leave: () => () => attempt(`Letting go of ${place}`, async () => E.right(await leave())),
    discard: () => () => attempt(`Discarding ${place}`, discard),
  }
}

const PARTS_MAX = 512
