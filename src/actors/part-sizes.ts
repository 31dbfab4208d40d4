import { PART_BYTES_MIN } from '../model/record'

/** How large the parts of uploads are: larger while the line takes them fast, smaller after a failure. What they hold in memory has a limit. */
export interface PartSizes {
  /** An upload begins to send parts. @returns what is called when it no longer does */
  readonly enter: () => () => void
  /** The size of the part to make now: a multiple of the least. */
  readonly next: () => number
  readonly onTaken: (sizeBytes: number, tookMs: number) => void
  readonly onFailed: () => void
  /** Something on the way takes none of that size. @returns whether smaller ones are left to try */
  readonly onRefused: (sizeBytes: number) => boolean
}

const PART_BYTES_MAX = 8 * PART_BYTES_MIN

/** Others wait at most for the end of a part. */
const FAST_MS = 2_000

/** One part is sent while the next one is made. */
const PARTS_HELD = 2

/** @param inFlightBytes What the parts of all uploads may take up, unless the least are more. */
export const partSizes = (inFlightBytes: number): PartSizes => {
  let uploads = 0
  let wished = PART_BYTES_MIN
  let most = PART_BYTES_MAX
  return {
    enter: () => {
      uploads += 1
      return () => {
        uploads -= 1
      }
    },
    next: () => {
      const share = inFlightBytes / PARTS_HELD / Math.max(1, uploads)
      return Math.max(1, Math.floor(Math.min(wished, most, share) / PART_BYTES_MIN)) * PART_BYTES_MIN
    },
    onTaken: (sizeBytes, tookMs) => {
      if (sizeBytes < wished) return
      if (tookMs < FAST_MS) wished = Math.min(wished * 2, PART_BYTES_MAX)
      else if (tookMs > 2 * FAST_MS) wished = Math.max(wished / 2, PART_BYTES_MIN)
    },
    onFailed: () => {
      wished = Math.max(wished / 2, PART_BYTES_MIN)
    },
    onRefused: (sizeBytes) => {
      most = PART_BYTES_MIN
      return sizeBytes > PART_BYTES_MIN
    },
  }
}
