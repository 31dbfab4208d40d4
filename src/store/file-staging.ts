import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import { concatenated, joined, owned, release } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { isAbsent } from './file-failure'
import { change, keep, type FileHome } from './file-home'
import type { Draft } from './file-payloads'
import type { LastingStaging } from './store'

/** Runs work on the open home of a store, as its calls do: counted, and with errors of the system turned into failures. */
export type Use = <A>(
  what: string,
  run: (home: FileHome) => E.Either<Failure, A> | Promise<E.Either<Failure, A>>,
) => TaskEither<Failure, A>

/** Bytes that come in small pieces reach the file in pieces of this size: each write is a trip to the thread pool. */
const WRITE_BYTES = 1 << 20

/** Pieces of a few bytes would take more memory than what they hold. */
const PARTS_MAX = 512

interface Ground {
  readonly home: FileHome
  readonly key: BlobKey
  readonly inlineBytesMax: number
  readonly use: Use
}

/** A staging that waits in memory up to the inline limit and goes on in a file. A call that fails ends it and forgets what was not kept. */
export const stageIn = (ground: Ground): LastingStaging => staging(ground, null, 0)

/** A staging that goes on with the file that was kept for the blob; none if that holds fewer bytes. */
export const restageIn = async (ground: Ground, sizeBytes: number): Promise<O.Option<LastingStaging>> => {
  const { home, key } = ground
  await home.lasting.get(keyText(key))?.()
  const name = home.database.draft(key)
  if (name === null) return O.none
  const heldBytes = await home.files.sizeOf(name).catch((error) => (isAbsent(error) ? -1 : Promise.reject(error)))
  return heldBytes < sizeBytes ? O.none : O.some(staging(ground, await home.files.goOn(name, sizeBytes), sizeBytes))
}

const staging = ({ home, key, inlineBytesMax, use }: Ground, kept: Draft | null, keptBytes: number): LastingStaging => {
  const place = keyText(key)
  let parts: Uint8Array[] = []
  let partsBytes = 0
  let sizeBytes = keptBytes
  let draft = kept
  let writing: Promise<Draft | null> = Promise.resolve(null)
  let hasEnded = false

  const end = () => {
    hasEnded = true
    parts = []
    home.stagings.delete(leave)
    if (home.lasting.get(place) === leave) home.lasting.delete(place)
  }

  const leave = async () => {
    if (hasEnded) return
    end()
    await (home.database.draft(key) === draft?.name ? draft?.close().catch(() => {}) : draft?.discard())
  }

  const discard = async () => {
    if (hasEnded) return
    end()
    if (draft !== null && home.database.draft(key) === draft.name) await change(home, () => home.database.dropDraft(key))
    await draft?.discard()
  }

  const ended = () => E.left(failure('StorageBroken', `The staging of ${place} has ended.`))

  const step = <A>(what: string, run: () => Promise<E.Either<Failure, A>>): TaskEither<Failure, A> =>
    use(`${what} ${place}`, async () => {
      if (hasEnded) return ended()
      try {
        return await run()
      } catch (error) {
        await leave()
        throw error
      }
    })

  const write = async (): Promise<Draft> => {
    const open = (draft ??= await home.files.draft(key))
    const full = parts
    parts = []
    partsBytes = 0
    if (full.length > 0) await open.append(full)
    full.forEach(release)
    return open
  }

  /** One after the other: what is kept may be written while more comes. */
  const spill = (): Promise<Draft> => (writing = writing.then(write, write))

  home.stagings.add(leave)
  home.lasting.set(place, leave)
  return {
    append: (bytes) =>
      step('Staging', async () => {
        sizeBytes += bytes.length
        if (parts.push(bytes) === PARTS_MAX) parts = [concatenated(...parts)]
        partsBytes += bytes.length
        if (sizeBytes > inlineBytesMax && partsBytes >= WRITE_BYTES) await spill()
        return E.right(undefined)
      }),
    keep: (record) =>
      step('Keeping', async () => {
        const { name, sync } = await spill()
        await sync()
        if (hasEnded) return ended()
        await change(home, () => home.database.keepDraft(record, name, sizeBytes))
        return E.right(true)
      }),
    read: (from, to) => step('Reading', async () => E.right(await home.files.read((await spill()).name, from, to))),
    commit: (record) =>
      step('Storing', async () => {
        if (draft === null && sizeBytes <= inlineBytesMax) {
          const [first = new Uint8Array(0), ...others] = parts
          const bytes = others.length === 0 ? owned(first) : joined(parts)
          end()
          return keep(home, record, { kind: 'inline', bytes })
        }
        const { name, place: placeFile } = await spill()
        await placeFile()
        end()
        return keep(home, record, { kind: 'file', name, sizeBytes })
      }),
    leave: () => async () => E.right(await leave()),
    discard: () => async () => E.right(await discard()),
  }
}
