/** Tells whether the device is online. It decides when to wait, never when to give up: a wrong answer costs time, not data. */
export interface Connectivity {
  readonly isOnline: () => boolean
  /** @returns what ends the subscription. */
  readonly subscribe: (listener: (isOnline: boolean) => void) => () => void
}

/** For Node and for servers: always online; a refused connection says the rest. */
export const alwaysOnline = (): Connectivity => ({ isOnline: () => true, subscribe: () => () => {} })
