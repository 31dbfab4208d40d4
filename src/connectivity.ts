import type { Clock } from './clock'
import { listenTo } from './page-events'

/** Tells whether the device is online. It decides when to wait, never when to give up: a wrong answer costs time, not data. */
export interface Connectivity {
  readonly isOnline: () => boolean
  /** @returns what ends the subscription. */
  readonly subscribe: (listener: (isOnline: boolean) => void) => () => void
}

/** For servers: always online; a refused connection says the rest. */
export const alwaysOnline = (): Connectivity => ({ isOnline: () => true, subscribe: () => () => {} })

/** What the platform believes: in a browser `navigator.onLine`, elsewhere always online. */
export const systemConnectivity = (): Connectivity => {
  const isOnline = () => {
    // Node has a navigator that does not know.
    const { onLine }: { readonly onLine?: boolean } = globalThis.navigator ?? {}
    return onLine ?? true
  }
  return { isOnline, subscribe: (listener) => listenTo(['online', 'offline'], () => listener(isOnline())) }
}

/** A platform that says offline is doubted again after this long. */
const DOUBT_MS = 30_000

/**
 * Takes the word of another for a hint: what says offline is believed only once the remote cannot be reached either, and is doubted again
 * every 30 seconds. What says online is believed.
 *
 * @param isReachable One small request.
 */
export const doubtedConnectivity = (hint: Connectivity, isReachable: () => Promise<boolean>, clock: Clock): Connectivity => {
  let isOnline = hint.isOnline()
  return {
    isOnline: () => isOnline,
    subscribe: (listener) => {
      let timer: unknown
      let asked = 0
      const tell = (next: boolean) => {
        if (next === isOnline) return
        isOnline = next
        listener(next)
      }
      const follow = async () => {
        clock.clearTimeout(timer)
        const question = ++asked
        if (hint.isOnline()) return tell(true)
        const answer = await isReachable()
        if (question !== asked) return
        tell(answer)
        timer = clock.setTimeout(() => void follow(), DOUBT_MS)
      }
      const stopListening = hint.subscribe(() => void follow())
      if (!isOnline) void follow()
      return () => {
        asked += 1
        clock.clearTimeout(timer)
        stopListening()
      }
    },
  }
}
