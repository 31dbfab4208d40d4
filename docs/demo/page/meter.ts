const WINDOW_MS = 2000

/** Counts bytes that pass, and tells how fast they did so lately. */
export interface Meter {
  readonly add: (bytes: number) => void
  readonly bytesPerSecond: () => number
}

export const meter = (): Meter => {
  let passed: { readonly atMs: number; readonly bytes: number }[] = []
  return {
    add: (bytes) => void passed.push({ atMs: performance.now(), bytes }),
    bytesPerSecond: () => {
      const nowMs = performance.now()
      passed = passed.filter(({ atMs }) => nowMs - atMs < WINDOW_MS)
      const spanMs = Math.max(500, nowMs - (passed[0]?.atMs ?? nowMs))
      return (passed.reduce((sum, { bytes }) => sum + bytes, 0) * 1000) / spanMs
    },
  }
}
