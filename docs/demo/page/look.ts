import type { BlobSync } from 'blobsync'
import { paced } from './pace'

const FALLBACK_MS = 20_000

/** Compares a device with the server when there is a reason to, and now and then without one. @returns what is called with a reason. */
export const looker = (blobs: BlobSync): (() => void) => {
  let current = new AbortController()
  let timer: ReturnType<typeof setTimeout> | null = null

  const look = () => {
    // Only the waiting ends with the signal: what the earlier look has begun goes on.
    current.abort()
    current = new AbortController()
    // What goes wrong with it stands in the snapshot, and blobsync tries again by itself.
    blobs.sync({ signal: current.signal }).catch(() => {})
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(look, FALLBACK_MS)
  }
  return paced(look, { apartMs: 350, apartMsMax: 2000 })
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
