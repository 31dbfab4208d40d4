/** The time, and timers that keep to it. XState's simulated clock with a `now` added fits, so that tests own the time. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly setTimeout: (run: (...args: unknown[]) => void, delayMs: number) => unknown
  readonly clearTimeout: (id: never) => void
}
