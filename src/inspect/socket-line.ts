import type { OpenLine } from './line'
import { teller, type Teller } from './teller'

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 30_000

/** Speaks to a relay or viewer behind a WebSocket; one that is away is tried again, and told first what it missed. */
export const socketLine =
  (url: URL): OpenLine =>
  (past) => {
    let socket: WebSocket | null = null
    let mouth: Teller | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let retryMs = RETRY_MS_MIN

    const connect = () => {
      const made = new WebSocket(url)
      const told = teller(made, past)
      socket = made
      mouth = told
      made.addEventListener('open', () => {
        retryMs = RETRY_MS_MIN
        told.tellPast()
      })
      made.addEventListener('close', () => {
        told.stop()
        if (socket !== made) return
        timer = setTimeout(connect, retryMs)
        // A process that has nothing else to do need not wait for a viewer.
        if (typeof timer === 'object' && 'unref' in timer) timer.unref()
        retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)
      })
      // A close follows each error.
      made.addEventListener('error', () => {})
    }
    connect()

    return {
      send: (message) => mouth?.tell(message),
      stop: () => {
        const made = socket
        socket = null
        mouth = null
        clearTimeout(timer)
        made?.close()
      },
    }
  }
