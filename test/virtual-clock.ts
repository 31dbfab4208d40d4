import type { Clock } from '../src/clock'

/** A clock that a test moves: timers run in order of their time, and what they cause settles before the next one. */
export const virtualClock = (startMs = 1_000_000): Clock & { readonly advance: (ms: number) => Promise<void> } => {
  let nowMs = startMs
  let ids = 0
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>()
  return {
    now: () => nowMs,
    setTimeout: (run, delayMs) => {
      timers.set(++ids, { atMs: nowMs + delayMs, run })
      return ids
    },
    clearTimeout: (id) => {
      timers.delete(id as number)
    },
    advance: async (ms) => {
      const untilMs = nowMs + ms
      for (;;) {
        await settled()
        const next = [...timers]
          .filter(([, { atMs }]) => atMs <= untilMs)
          .toSorted(([a, x], [b, y]) => x.atMs - y.atMs || a - b)[0]
        if (next === undefined) break
        timers.delete(next[0])
        nowMs = next[1].atMs
        next[1].run()
      }
      nowMs = untilMs
      await settled()
    },
  }
}

/** Lets everything that was started without timers come to its end: several turns of the event loop. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
}

/** The event loop's next turn: of Node's, or of a browser's, which has no `setImmediate` but tells it by a message. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if ('setImmediate' in globalThis) return void setImmediate(resolve)
    const { port1, port2 } = new MessageChannel()
    port1.addEventListener('message', () => {
      port1.close()
      resolve()
    })
    port1.start()
    port2.postMessage(null)
  })
