/**
 * Asks a handle for something, and refers to it until it has answered: Chromium forgets one that nothing refers to, and the answer with it.
 */
export const holding = async <H, A>(handle: H, ask: (handle: H) => Promise<A>): Promise<A> => {
  const use = { handle }
  inUse.add(use)
  try {
    return await ask(handle)
  } finally {
    inUse.delete(use)
  }
}

const inUse = new Set<unknown>()
