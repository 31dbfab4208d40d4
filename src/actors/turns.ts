/** Lets tasks for the same key run one after the other, in the order asked; tasks for other keys do not wait. */
export const turns = () => {
  const tails = new Map<string, Promise<unknown>>()
  return <A>(keys: readonly string[], task: () => Promise<A>): Promise<A> => {
    const before = keys.flatMap((key) => tails.get(key) ?? [])
    // Never at once: whoever asks may be an action of a chart, which must have ended before the task talks to another.
    const run = Promise.all(before).then(task)
    const tail = run.then(
      () => {},
      () => {},
    )
    for (const key of keys) tails.set(key, tail)
    void tail.then(() => {
      for (const key of keys) if (tails.get(key) === tail) tails.delete(key)
    })
    return run
  }
}
