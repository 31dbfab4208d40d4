import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'
import { onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'

/** Resolves once `isSo` holds, which is asked again whenever `tell` is called. */
export const watching = () => {
  const waiting = new Set<() => void>()
  return {
    tell: () => {
      for (const look of waiting) look()
    },
    until: (isSo: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = () => {
          if (!isSo()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

/** A WebSocket server on a free port of this machine, closed with all its connections at the end of the test. */
export const socketServer = async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  const close = () => {
    for (const client of server.clients) client.terminate()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  onTestFinished(close)
  return { server, close, port: (server.address() as AddressInfo).port }
}

/** Calls back with the text of each message. */
export const onText = (client: WebSocket, hear: (text: string) => void): void => {
  client.on('message', (data) => {
    if (data instanceof Buffer) hear(data.toString())
  })
}

/** What the real receiver of @statelyai/inspect got from a WebSocket. */
export const statelyViewer = (url: string) => {
  const events: StatelyInspectionEvent[] = []
  const { tell, until } = watching()
  createWebSocketReceiver({ server: url }).subscribe((event) => {
    events.push(event)
    tell()
  })
  return { events, until, states: () => statesOf(events) }
}

/** Where each actor is by what a viewer got, by name. */
export const statesOf = (events: readonly StatelyInspectionEvent[]) => {
  const names = new Map<string, string>()
  const states = new Map<string, { readonly status: string | undefined; readonly value: unknown }>()
  for (const event of events) {
    if (event.type === '@xstate.actor') names.set(event.sessionId, event.name)
    if (event.type === '@xstate.event') continue
    const snapshot: { readonly status?: string; readonly value?: unknown } = event.snapshot
    states.set(names.get(event.sessionId) ?? event.sessionId, { status: snapshot.status, value: snapshot.value })
  }
  return states
}

/** The real @xstate/inspect 0.8 on the XState 4 that it needs. */
export const legacyPackage = createRequire(new URL('../legacy-inspect/package.json', import.meta.url))
