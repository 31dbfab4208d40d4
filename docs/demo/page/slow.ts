/** About what a phone has at the edge of its network. */
const SLOW_BYTES_PER_SECOND = 160_000
export const SLOW_LATENCY_MS = 250
const STEP_BYTES = 8_000

export interface Passed {
  /** So far. */
  readonly bytes: number
  /** Since the last time. */
  readonly step: number
}

/**
 * A line that so many bytes a second fit through, whoever sends them.
 *
 * @param isSlow While it is not, everything passes at once.
 */
export const slowLine = (isSlow: () => boolean) => {
  let freeAtMs = 0
  /** Lets bytes pass, in steps that the others' steps come between. */
  return async function* (bytes: number, signal: AbortSignal): AsyncGenerator<Passed> {
    let done = 0
    while (done < bytes) {
      const step = isSlow() ? Math.min(STEP_BYTES, bytes - done) : bytes - done
      if (isSlow()) {
        freeAtMs = Math.max(freeAtMs, performance.now()) + (step * 1000) / SLOW_BYTES_PER_SECOND
        await waitFor(freeAtMs - performance.now(), signal)
      }
      done += step
      yield { bytes: done, step }
    }
  }
}

/** Rejects when the signal fires. */
export const waitFor = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      settle()
    }
    // Whoever aborts a fetch gets the reason as it is.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    const abort = () => end(() => reject(signal.reason))
    const timer = setTimeout(() => end(resolve), delayMs)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })

/** Past what stands before a blob's ciphertext, where there is that much. */
const STRUCK_AT = 800

/** Changes one bit on the way, and no more than that. */
export const flipOneByte = (): TransformStream<Uint8Array, Uint8Array> => {
  let passed = 0
  let isStruck = false
  return new TransformStream({
    transform: (chunk, controller) => {
      const at = STRUCK_AT - passed
      passed += chunk.length
      if (isStruck || at >= chunk.length) return controller.enqueue(chunk)
      const struck = chunk.slice()
      struck[at] = (struck[at] ?? 0) ^ 1
      isStruck = true
      controller.enqueue(struck)
    },
  })
}
