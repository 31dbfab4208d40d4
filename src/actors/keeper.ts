import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import type { Checkpoint, Resume, Sink } from '../cipher/cipher'
import { failure, type Failure } from '../model/failure'
import type { Download } from '../remote/remote'
import type { LastingStaging } from '../store/store'
import { writeUnlessAborted, type Attempt } from './tools'

/** A blob on its way into staging that can be kept. */
export interface Arriving {
  readonly attempt: Attempt
  readonly download: Download
  readonly staging: LastingStaging
  /** Where the body begins; null: at its beginning. */
  readonly from: Checkpoint | null
}

/** Keeps what was verified, part by part, so that it need not be fetched again. */
export interface Keeper {
  readonly sink: Sink
  readonly resume: Resume
  /** Keeps all that was verified, and waits until it is. */
  readonly keep: TE.TaskEither<Failure, void>
  /** Waits for what is being kept. */
  readonly settled: TE.TaskEither<Failure, void>
  /** Encrypted bytes that need not be fetched again. */
  readonly keptBytes: () => number
  /** Whether it ended the decryption because another blob is to have the slot. */
  readonly hasYielded: () => boolean
}

/** After so many encrypted bytes, or so long, what came is kept, while more comes; what is not kept is fetched again. */
const KEPT_BYTES = 2 * 1024 * 1024
const KEPT_MS = 2_000

/** So much more may come while a slow disk keeps the part before: no more than twice that is ever in vain. */
const AHEAD_BYTES = 4 * 1024 * 1024

/** After so many, or so long, others that wait may go first: what is on its way then comes again. */
const PART_BYTES = 8 * 1024 * 1024
const PART_MS = 2_000

export const keeperOf = ({ attempt, download, staging, from }: Arriving): Keeper => {
  const { tools } = attempt
  let latest = from
  let keptBytes = from?.encryptedBytes ?? 0
  let toKeep = mark(keptBytes, tools.now())
  let part = toKeep
  let hasYielded = false
  /** While one part is kept, the next one comes. */
  let keeping: Promise<E.Either<Failure, void>> = Promise.resolve(E.right(undefined))
  let isKeeping = false

  const keepNow: TE.TaskEither<Failure, void> = () => {
    if (latest === null || latest.encryptedBytes <= keptBytes) return TE.right<Failure, void>(undefined)()
    const checkpoint = latest
    const { sizeBytes, tag } = download
    const record = { ...attempt.record, download: { checkpoint, sizeBytes, tag } }
    return pipe(
      writeUnlessAborted(attempt, staging.keep(record)),
      TE.map((isKept) => {
        if (!isKept) return
        attempt.record = record
        keptBytes = checkpoint.encryptedBytes
      }),
    )()
  }

  const keep: TE.TaskEither<Failure, void> = async () => {
    const before = await keeping
    return E.isLeft(before) ? before : keepNow()
  }

  const keepPart: TE.TaskEither<Failure, void> = async () => {
    const before = await keeping
    if (E.isLeft(before)) return before
    toKeep = here()
    isKeeping = true
    keeping = keepNow().finally(() => (isKeeping = false))
    if (!isPast(part, here(), PART_BYTES, PART_MS)) return E.right(undefined)
    part = here()
    if (!tools.isWaitedFor(attempt.record)) return E.right(undefined)
    const kept = await keeping
    if (E.isLeft(kept)) return kept
    // Where a store could not keep it, it would never be more than a part, while others come.
    hasYielded = keptBytes >= part.bytes
    return hasYielded ? E.left(failure('Aborted', 'Another blob goes first.')) : E.right(undefined)
  }

  const here = () => mark(latest?.encryptedBytes ?? 0, tools.now())

  return {
    sink: (bytes) => {
      const isDue = isPast(toKeep, here(), isKeeping ? AHEAD_BYTES : KEPT_BYTES, isKeeping ? Infinity : KEPT_MS)
      if (!isDue) return staging.append(bytes)
      return pipe(
        keepPart,
        TE.chain(() => staging.append(bytes)),
      )
    },
    resume: {
      from,
      onCheckpoint: (checkpoint) => {
        latest = checkpoint
      },
    },
    keep,
    settled: () => keeping,
    keptBytes: () => keptBytes,
    hasYielded: () => hasYielded,
  }
}

/** How far a download was, and when. */
interface Mark {
  readonly bytes: number
  readonly atMs: number
}

const mark = (bytes: number, atMs: number): Mark => ({ bytes, atMs })

const isPast = (since: Mark, now: Mark, bytes: number, ms: number): boolean =>
  now.bytes - since.bytes >= bytes || (now.bytes > since.bytes && now.atMs - since.atMs >= ms)
