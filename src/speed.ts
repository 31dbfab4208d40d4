/** How fast bytes pass, at one moment. */
export interface Speed {
  readonly atMs: number
  readonly bytes: number
  /** Smoothed; null until two moments are known. */
  readonly bytesPerSecond: number | null
}

/** What happened this long ago counts for a third. */
const SMOOTHED_OVER_MS = 10_000

/** Bytes come in bursts, which say nothing. */
const STEP_MS = 500

/** The speed now that so many bytes have passed in all; fewer than before begin anew. */
export const speedAt = (before: Speed | null, bytes: number, atMs: number): Speed => {
  if (before === null || bytes < before.bytes) return { atMs, bytes, bytesPerSecond: null }
  const tookMs = atMs - before.atMs
  if (tookMs < STEP_MS) return before
  const now = ((bytes - before.bytes) * 1000) / tookMs
  const weight = before.bytesPerSecond === null ? 1 : 1 - Math.exp(-tookMs / SMOOTHED_OVER_MS)
  return { atMs, bytes, bytesPerSecond: now * weight + (before.bytesPerSecond ?? 0) * (1 - weight) }
}

/** How long the rest takes at that speed; null where nobody can say. */
export const msLeftAt = ({ bytesPerSecond }: Speed, bytesLeft: number | null): number | null =>
  bytesLeft === null || bytesPerSecond === null || bytesPerSecond <= 0 ? null : Math.ceil((bytesLeft / bytesPerSecond) * 1000)
