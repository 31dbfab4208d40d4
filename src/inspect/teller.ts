/** A reader that is slower than this much unsent is told the rest later, shortened to what matters. */
const UNSENT_BYTES_MAX = 4 * 1024 * 1024
const CATCH_UP_MS = 200

/** What a teller needs of a WebSocket, a browser's or one of the package ws. */
export interface Socket {
  readonly readyState: number
  readonly bufferedAmount: number
  readonly send: (text: string) => void
}

const OPEN = 1

export interface Teller {
  readonly tell: (message: object) => void
  /** Begins at the beginning. */
  readonly tellPast: () => void
  readonly stop: () => void
}

/** Writes messages to a socket without filling the memory: a reader that falls behind is told the past again once it has caught up. */
export const teller = (socket: Socket, past: () => readonly object[]): Teller => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const write = (message: object) => socket.send(JSON.stringify(message))
  const catchUpLater = () => {
    timer = setTimeout(catchUp, CATCH_UP_MS)
    // Nobody need wait for a viewer.
    if (typeof timer === 'object' && 'unref' in timer) timer.unref()
  }
  const catchUp = () => {
    timer = undefined
    if (socket.readyState !== OPEN) return
    if (socket.bufferedAmount > 0) return catchUpLater()
    past().forEach(write)
  }
  return {
    tell: (message) => {
      if (socket.readyState !== OPEN || timer !== undefined) return
      if (socket.bufferedAmount > UNSENT_BYTES_MAX) catchUpLater()
      else write(message)
    },
    tellPast: () => past().forEach(write),
    stop: () => clearTimeout(timer),
  }
}
