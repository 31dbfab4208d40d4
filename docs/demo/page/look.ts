import type { BlobSync } from 'blobsync'

const APART_MS = 400
const FALLBACK_MS = 20_000

/** Compares a device with the server when there is a reason to, and now and then without one. */
export const looker = (blobs: BlobSync) => {
  let current = new AbortController()
  let lastAtMs = -Infinity
  let timer: ReturnType<typeof setTimeout> | null = null

  const begin = () => {
    lastAtMs = performance.now()
    // Only the waiting ends with the signal: what the earlier look has begun goes on.
    current.abort()
    current = new AbortController()
    // What goes wrong with it stands in the snapshot, and blobsync tries again by itself.
    blobs.sync({ signal: current.signal }).catch(() => {})
    schedule(FALLBACK_MS)
  }
  const schedule = (delayMs: number) => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(begin, delayMs)
  }
  return {
    /** Many reasons in a row make one look. */
    look: (): void => schedule(Math.max(0, lastAtMs + APART_MS - performance.now())),
    stop: (): void => {
      if (timer !== null) clearTimeout(timer)
      current.abort()
    },
  }
}

/** Calls the listener whenever the server took or deleted something, and when that may have been missed. */
export const followChanges = (listener: () => void): void => {
  const url = new URL('/changes', location.href)
  url.protocol = 'ws:'
  let retryMs = 500
  const connect = () => {
    const socket = new WebSocket(url)
    socket.addEventListener('open', () => {
      retryMs = 500
      listener()
    })
    socket.addEventListener('message', listener)
    socket.addEventListener('close', () => {
      setTimeout(connect, retryMs)
      retryMs = Math.min(retryMs * 2, 10_000)
    })
  }
  connect()
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') listener()
  })
}
