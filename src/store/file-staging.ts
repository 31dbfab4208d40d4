import * as E from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'
import { concatenated } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { keep, type FileHome } from './file-home'
import type { Place } from './file-database'
import type { Draft } from './file-payloads'
import type { Staging } from './store'

/** Runs work on the open home of a store, as its calls do: counted, and with errors of the system turned into failures. */
export type Use = <A>(
  what: string,
  run: (home: FileHome) => E.Either<Failure, A> | Promise<E.Either<Failure, A>>,
) => TaskEither<Failure, A>

/** Bytes that come in small pieces reach the file in pieces of this size: each write is a trip to the thread pool. */
const WRITE_BYTES = 1 << 20

/** Pieces of a few bytes would take more memory than what they hold. */
const PARTS_MAX = 512

/** A staging that waits in memory up to the inline limit and goes on in a file. A call that fails ends it and discards the bytes. */
export const stageIn = (home: FileHome, key: BlobKey, inlineBytesMax: number, use: Use): Staging => {
  let parts: Uint8Array[] = []
  let partsBytes = 0
  let sizeBytes = 0
  let draft: Draft | null = null
  let hasEnded = false

  const end = () => {
    hasEnded = true
    parts = []
    home.stagings.delete(discard)
  }

  const discard = async () => {
    if (hasEnded) return
    end()
    await draft?.discard()
  }

  const step = (what: string, run: () => Promise<E.Either<Failure, void>>): TaskEither<Failure, void> =>
    use(`${what} ${keyText(key)}`, async () => {
      if (hasEnded) return E.left(failure('StorageBroken', `The staging of ${keyText(key)} has ended.`))
      try {
        return await run()
      } catch (error) {
        await discard()
        throw error
      }
    })

  const spill = async (): Promise<Draft> => {
    draft ??= await home.files.draft(key)
    const full = parts
    parts = []
    partsBytes = 0
    await draft.append(full)
    return draft
  }

  home.stagings.add(discard)
  return {
    append: (bytes) =>
      step('Staging', async () => {
        sizeBytes += bytes.length
        if (parts.push(bytes) === PARTS_MAX) parts = [concatenated(...parts)]
        partsBytes += bytes.length
        if (sizeBytes > inlineBytesMax && partsBytes >= WRITE_BYTES) await spill()
        return E.right(undefined)
      }),
    commit: (record) =>
      step('Storing', async () => {
        const place: Place =
          sizeBytes <= inlineBytesMax
            ? { kind: 'inline', bytes: concatenated(...parts) }
            : { kind: 'file', name: await (await spill()).place(), sizeBytes }
        end()
        return keep(home, record, place)
      }),
    discard: () => async () => E.right(await discard()),
  }
}
