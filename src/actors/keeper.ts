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
  /** Keeps all that was verified. */
  readonly keep: TE.TaskEither<Failure, void>
  /** Encrypted bytes that need not be fetched again. */
  readonly keptBytes: () => number
  /** Whether it ended the decryption because another blob is to have the slot. */
  readonly hasYielded: () => boolean
}

/** After so many encrypted bytes, or so long, what came is kept, and others that wait may go first. */
const PART_BYTES = 4 * 1024 * 1024
const PART_MS = 2_000

export const keeperOf = ({ attempt, download, staging, from }: Arriving): Keeper => {
  const { tools } = attempt
  let latest = from
  let keptBytes = from?.encryptedBytes ?? 0
  let keptAtMs = tools.now()
  let hasYielded = false

  const keep: TE.TaskEither<Failure, void> = () => {
    if (latest === null || latest.encryptedBytes <= keptBytes) return TE.right<Failure, void>(undefined)()
    const checkpoint = latest
    const { sizeBytes, tag } = download
    const record = { ...attempt.record, download: { checkpoint, sizeBytes, tag } }
    return pipe(
      writeUnlessAborted(attempt, staging.keep(record)),
      TE.map((isKept) => {
        keptAtMs = tools.now()
        if (!isKept) return
        attempt.record = record
        keptBytes = checkpoint.encryptedBytes
      }),
    )()
  }

  const endPart: TE.TaskEither<Failure, void> = pipe(
    keep,
    TE.chain(() => {
      hasYielded = tools.isWaitedFor(attempt.record)
      return hasYielded ? TE.left(failure('Aborted', 'Another blob goes first.')) : TE.right(undefined)
    }),
  )

  const isPart = () => latest !== null && latest.encryptedBytes > keptBytes && isLong(latest.encryptedBytes - keptBytes)
  const isLong = (sizeBytes: number) => sizeBytes >= PART_BYTES || tools.now() - keptAtMs >= PART_MS

  return {
    sink: (bytes) =>
      isPart()
        ? pipe(
            endPart,
            TE.chain(() => staging.append(bytes)),
          )
        : staging.append(bytes),
    resume: {
      from,
      onCheckpoint: (checkpoint) => {
        latest = checkpoint
      },
    },
    keep,
    keptBytes: () => keptBytes,
    hasYielded: () => hasYielded,
  }
}
