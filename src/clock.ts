import { listenTo } from './page-events'

/** The time, and timers that keep to it. A simulated one gives the time to tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly setTimeout: (run: () => void, delayMs: number) => unknown
  /** @param id What `setTimeout` gave. */
  readonly clearTimeout: (id: unknown) => void
}

/** What a platform offers to keep time with. */
export interface Timers extends Clock {
  /** Tells when time may have been slept through. @returns what ends the subscription. */
  readonly onWake: (listener: () => void) => () => void
}

/** A timer looks at the clock this often. */
const LOOK_MS = 5_000

/**
 * Timers that run when their time has come by either measure: by the clock on the wall, which goes on while a laptop sleeps or a page is
 * frozen, or by the platform's timers, which do not mind when somebody sets that clock back.
 */
export const wakingClock = (platform: Timers): Clock => {
  const looks = new Set<() => void>()
  let stopListening = () => {}
  const lookAtAll = () => looks.forEach((look) => look())

  return {
    now: platform.now,
    setTimeout: (run, delayMs) => {
      const dueAtMs = platform.now() + delayMs
      let leftMs = delayMs
      let timer: unknown
      const look = () => {
        platform.clearTimeout(timer)
        const stepMs = Math.min(leftMs, dueAtMs - platform.now(), LOOK_MS)
        if (stepMs <= 0) {
          cancel()
          run()
        } else timer = platform.setTimeout(step(stepMs), stepMs)
      }
      const step = (stepMs: number) => () => {
        leftMs -= stepMs
        look()
      }
      const cancel = () => {
        platform.clearTimeout(timer)
        if (looks.delete(look) && looks.size === 0) stopListening()
      }
      if (delayMs <= LOOK_MS) {
        timer = platform.setTimeout(run, delayMs)
        return cancel
      }
      if (looks.size === 0) stopListening = platform.onWake(lookAtAll)
      looks.add(look)
      look()
      return cancel
    },
    clearTimeout: (cancel) => {
      if (typeof cancel === 'function') cancel()
    },
  }
}

/** A page that is shown again, thawed or online again may have slept. */
const wakes = ['visibilitychange', 'pageshow', 'resume', 'online'] as const

export const systemClock: Clock = wakingClock({
  now: () => Date.now(),
  setTimeout: (run, delayMs) => globalThis.setTimeout(run, delayMs),
  // Only what `setTimeout` above gave comes back.
  clearTimeout: (id) => globalThis.clearTimeout(id as ReturnType<typeof globalThis.setTimeout>),
  onWake: (listener) => listenTo(wakes, listener),
})
