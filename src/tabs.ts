/** How tabs that share a store reach each other and agree on one of them. Tests put a network of their own here. */
export interface Tabs {
  /**
   * Opens the channel of that name: what one posts, all others that opened it get, in order, as structured clones. Where nothing
   * connects tabs, what is posted reaches nobody.
   */
  readonly open: (name: string, onMessage: (message: unknown) => void) => Channel
  /**
   * Asks for the lock of that name, which one tab holds at a time, and which is free at once when that tab is closed or crashes. Where
   * there is none, tabs go by who answers.
   *
   * @returns what gives it back, or gives up asking.
   */
  readonly lock?: (name: string, request: LockRequest) => () => void
}

export interface Channel {
  readonly post: (message: unknown) => void
  readonly close: () => void
}

export interface LockRequest {
  /** Takes it from whoever holds it. */
  readonly steals: boolean
  readonly onGranted: () => void
  /** It was stolen, or cannot be had. */
  readonly onLost: () => void
}

/** BroadcastChannel, and Web Locks where the platform has them. */
export const systemTabs = (): Tabs => {
  // A page that is not secure has none, and old browsers have not.
  const { locks }: { readonly locks?: LockManager } = globalThis.navigator ?? {}
  return { open, ...(locks === undefined ? {} : { lock: lockOf(locks) }) }
}

const open: Tabs['open'] = (name, onMessage) => {
  if (typeof BroadcastChannel === 'undefined') return { post: () => {}, close: () => {} }
  const channel = new BroadcastChannel(name)
  channel.addEventListener('message', ({ data }) => onMessage(data))
  return { post: channel.postMessage.bind(channel), close: () => channel.close() }
}

const lockOf =
  (locks: LockManager): NonNullable<Tabs['lock']> =>
  (name, { steals, onGranted, onLost }) => {
    const giving = new AbortController()
    const isGivenBack = new Promise<void>((resolve) => giving.signal.addEventListener('abort', () => resolve()))
    const hold = () => {
      if (!giving.signal.aborted) onGranted()
      return isGivenBack
    }
    // A request that steals takes no signal.
    locks.request(name, steals ? { steal: true } : { signal: giving.signal }, hold).catch(() => {
      if (!giving.signal.aborted) onLost()
    })
    return () => giving.abort()
  }
