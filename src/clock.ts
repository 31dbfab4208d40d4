/** The time, and timers that keep to it. A simulated one gives the time to tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly setTimeout: (run: () => void, delayMs: number) => unknown
  /** @param id What `setTimeout` gave. */
  readonly clearTimeout: (id: unknown) => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => globalThis.setTimeout(run, delayMs),
  // Only what `setTimeout` above gave comes back.
  clearTimeout: (id) => globalThis.clearTimeout(id as ReturnType<typeof globalThis.setTimeout>),
}
