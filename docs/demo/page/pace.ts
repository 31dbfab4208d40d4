/** How often something may be done that many small reasons ask for. */
export interface Pace {
  readonly apartMs: number
  /** While reasons keep coming it is done less and less often, down to this. */
  readonly apartMsMax: number
}

/**
 * Does it soon after a reason to, once for any number of reasons.
 *
 * @returns what is called with a reason.
 */
export const paced = (run: () => void, { apartMs, apartMsMax }: Pace): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | null = null
  let doneAtMs = -Infinity
  let waitMs = apartMs
  return () => {
    if (timer !== null) return
    const sinceMs = performance.now() - doneAtMs
    waitMs = sinceMs > apartMsMax ? apartMs : Math.min(apartMsMax, waitMs * 1.3)
    timer = setTimeout(
      () => {
        timer = null
        doneAtMs = performance.now()
        run()
      },
      Math.max(0, waitMs - sinceMs),
    )
  }
}
