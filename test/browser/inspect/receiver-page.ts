import { createBrowserReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'

declare global {
  interface Window {
    received: StatelyInspectionEvent[]
    heard: string[]
  }
}

window.received = []
/** Whatever is posted here, as text. */
window.heard = []
addEventListener('message', ({ data }) => window.heard.push(JSON.stringify(data)))
createBrowserReceiver().subscribe((event) => window.received.push(event))
