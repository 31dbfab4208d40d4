import type { Place } from './backend'
import type { ChangesBackend } from './changes'

/** The most requests of one user, and of all, that wait at once. */
const WAITING_OF_USER_MAX = 64
const WAITING_MAX = 10_000

/** Lets requests wait for a change; no more than so many, and none once the server closes: the others are answered at once. */
export const waitingFor = (changes: ChangesBackend, closing: AbortSignal | undefined) => {
  const waiting = new Map<string, number>()
  let all = 0

  const count = (user: string, by: 1 | -1) => {
    all += by
    const now = (waiting.get(user) ?? 0) + by
    if (now === 0) waiting.delete(user)
    else waiting.set(user, now)
  }

  return async (places: readonly Place[], ms: number, signal: AbortSignal): Promise<void> => {
    const user = places[0]?.user ?? ''
    if (closing?.aborted === true || signal.aborted) return
    if (all >= WAITING_MAX || (waiting.get(user) ?? 0) >= WAITING_OF_USER_MAX) return
    count(user, 1)
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer)
        stopListening()
        signal.removeEventListener('abort', end)
        closing?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      const stopListening = changes.once(places, end)
      signal.addEventListener('abort', end)
      closing?.addEventListener('abort', end)
    })
    count(user, -1)
  }
}
