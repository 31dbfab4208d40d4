import { isFields } from './clean'
import { CONNECTED, DISCONNECTED, type OpenLine } from './line'

export interface WindowLineOptions {
  readonly url: URL
  readonly iframe: HTMLIFrameElement | undefined
  readonly window: Window | undefined
}

/**
 * Speaks to a page in a window or iframe, once that page has said that it listens, and again each time it is loaded. Only to this window
 * and only while it shows a page of the url's origin.
 */
export const windowLine = ({ url, iframe, window: given }: WindowLineOptions): OpenLine => {
  const opened = iframe === undefined ? (given ?? open(url)) : null
  return (past) => {
    let isConnected = false
    const target = () => (iframe === undefined ? opened : iframe.contentWindow)
    const post = (message: object) => target()?.postMessage(message, url.origin)
    const hear = ({ source, origin, data }: MessageEvent) => {
      if (source !== target() || origin !== url.origin || !isFields(data) || data['type'] !== CONNECTED) return
      isConnected = true
      for (const message of past()) post(message)
    }
    addEventListener('message', hear)
    if (iframe !== undefined) iframe.src = url.href
    return {
      send: (message) => {
        if (isConnected) post(message)
      },
      stop: () => {
        removeEventListener('message', hear)
        if (isConnected) post({ type: DISCONNECTED })
      },
    }
  }
}

const open = (url: URL): Window => {
  const opened = window.open(url, 'blobsync-inspector')
  if (opened === null) {
    throw new Error('The browser did not open the inspector’s window: call statelyInspector in a click, or give it an iframe.')
  }
  return opened
}
