/** Listens to events of the page or worker; in Node there are none. @returns what ends it. */
export const listenTo = (names: readonly string[], listener: () => void): (() => void) => {
  const target: Partial<EventTarget> = globalThis
  for (const name of names) target.addEventListener?.(name, listener)
  return () => {
    for (const name of names) target.removeEventListener?.(name, listener)
  }
}
