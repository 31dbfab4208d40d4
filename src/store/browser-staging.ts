import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { joined } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { bytesPayload } from '../model/payload'
import type { BlobRecord } from '../model/record'
import { attempt } from './browser-failure'
import type { Draft, Placed, Placement } from './browser-placement'
import type { Staging } from './store'

/** What a staging asks of its store. */
export interface StagingGround {
  readonly placement: Placement
  /** Runs work as the calls of the store do: counted, and with errors of the browser turned into failures. */
  readonly use: <A>(what: string, run: () => Promise<E.Either<Failure, A>>) => TaskEither<Failure, A>
  readonly keep: (record: BlobRecord, placed: Placed) => Promise<E.Either<Failure, void>>
  /** What discards each staging that has not ended. */
  readonly stagings: Set<() => Promise<void>>
}

/** A staging that waits in memory for a while and goes on in a draft. A call that fails ends it and discards the bytes. */
export const browserStaging = (key: BlobKey, { placement, use, keep, stagings }: StagingGround): Staging => {
  let parts: Uint8Array[] = []
  let partsBytes = 0
  let draft: Draft | null = null
  let hasEnded = false

  const end = () => {
    hasEnded = true
    parts = []
    stagings.delete(discard)
  }

  const discard = async () => {
    if (hasEnded) return
    end()
    await draft?.discard()
  }

  const step = (what: string, run: () => Promise<E.Either<Failure, void>>): TaskEither<Failure, void> =>
    use(`${what} ${keyText(key)}`, async () => {
      if (hasEnded) return E.left(failure('StorageBroken', `The staging of ${keyText(key)} has ended.`))
      const done = await attempt(`${what} ${keyText(key)}`, run)
      // Why it failed matters more than what discarding it comes to: the next leader does that again.
      if (E.isLeft(done)) await discard().catch(() => {})
      return done
    })

  const spill = async (): Promise<E.Either<Failure, void>> => {
    const whole = joined(parts)
    parts = []
    partsBytes = 0
    draft ??= await placement.draft(key)
    return draft.append(whole)
  }

  const place = async (): Promise<E.Either<Failure, Placed>> => {
    if (draft === null) return placement.place(key, bytesPayload(joined(parts)))
    const spilt = partsBytes > 0 ? await spill() : E.right(undefined)
    return E.isLeft(spilt) ? spilt : draft.end()
  }

  stagings.add(discard)
  return {
    append: (bytes) =>
      step('Staging', async () => {
        // Pieces of a few bytes would take more memory than what they hold.
        if (parts.push(bytes) === PARTS_MAX) parts = [joined(parts)]
        partsBytes += bytes.length
        return partsBytes < placement.draftBytes ? E.right(undefined) : spill()
      }),
    commit: (record) =>
      step('Storing', async () => {
        const placed = await place()
        if (E.isLeft(placed)) return placed
        end()
        return keep(record, placed.right)
      }),
    discard: () => () => attempt(`Discarding ${keyText(key)}`, async () => E.right(await discard())),
  }
}

const PARTS_MAX = 512
