/** Listens to events of the page or worker; in Node there are none. @returns what ends it. */
export const listenTo = (names: readonly string[], listener: () => void): (() => void) => {
  const target: Partial<EventTarget> = globalThis
  for (const name of names) target.addEventListener?.(name, listener)
  return () => {
    for (const name of names) target.removeEventListener?.(name, listener)
  }
}

/** Whether somebody may look: false for a page that is hidden or frozen. */
export const isShown = (): boolean => {
  const { document }: { readonly document?: { readonly visibilityState: string } } = globalThis
  return document?.visibilityState !== 'hidden'
}

/** Tells when a page may have been hidden or shown. @returns what ends it. */
export const onShown = (listener: () => void): (() => void) =>
  listenTo(['visibilitychange', 'pageshow', 'pagehide', 'freeze', 'resume'], listener)
