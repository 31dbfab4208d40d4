/**
 * Lets everybody who asks while a run is under way share the next one, which begins after they asked: so one sync of the disk
 * serves all that was written before it.
 */
export const sharedRuns = (run: () => Promise<void>): (() => Promise<void>) => {
  let current: Promise<void> | null = null
  let next: Promise<void> | null = null

  const start = (): Promise<void> => {
    next = null
    const started = run().finally(() => {
      if (current === started) current = null
    })
    current = started
    return started
  }

  return () => {
    if (current === null) return start()
    return (next ??= current.then(start, start))
  }
}
