/** Work goes on for no longer than this at a stretch, in milliseconds: a page would show it. */
const STRETCH_MS = 10

/** Lets everything else go first, whenever the work that calls it has gone on for a while. Short work never waits. */
export const breather = (): (() => Promise<void>) => {
  let sinceMs = performance.now()
  return async () => {
    if (performance.now() - sinceMs < STRETCH_MS) return
    await new Promise((resolve) => setTimeout(resolve))
    sinceMs = performance.now()
  }
}
