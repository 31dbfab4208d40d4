import { createBrowserReceiver, createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'

/** Where the page hears from: the window that shows it, or a relay on this machine. */
export type Source =
  | { readonly from: 'window' }
  | { readonly from: 'relay'; readonly url: string }
  | { readonly from: 'nowhere'; readonly why: string }

/** Reads `?relay=/path` or `?relay=ws://…` from the page's address; a relay elsewhere is refused, so that a link cannot lead there. */
export const sourceOf = (address: URL, hasOpener: boolean): Source => {
  const relay = address.searchParams.get('relay')
  if (relay === null) {
    return hasOpener
      ? { from: 'window' }
      : { from: 'nowhere', why: 'Open this page with ?relay=/relay, or let statelyInspector open it.' }
  }
  if (!URL.canParse(relay, address)) return { from: 'nowhere', why: 'The relay in the address is no address.' }
  const url = new URL(relay, address)
  if (url.protocol === 'http:') url.protocol = 'ws:'
  const isHere = ['localhost', '127.0.0.1', '[::1]', address.hostname].includes(url.hostname)
  if (!/^wss?:$/.test(url.protocol) || !isHere)
    return { from: 'nowhere', why: 'The relay in the address is not on this machine.' }
  return { from: 'relay', url: url.href }
}

export const listen = (source: Source, hear: (event: StatelyInspectionEvent) => void): void => {
  if (source.from === 'window') createBrowserReceiver().subscribe(hear)
  if (source.from === 'relay') createWebSocketReceiver({ server: source.url }).subscribe(hear)
}
