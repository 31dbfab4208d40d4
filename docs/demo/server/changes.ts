import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'

/** Tells pages that something was stored or deleted, and never what: they ask for the list then. */
export const changeFeed = () => {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, clientTracking: true })
  let pending: ReturnType<typeof setTimeout> | null = null
  const tell = () => {
    pending = null
    for (const socket of sockets.clients) socket.send('changed')
  }
  return {
    /** @param line A line of the blob server's log: method, path, status … */
    noteRequest: (line: string): void => {
      const [method, path = '', status = ''] = line.split(' ')
      const isChange = method === 'PUT' || method === 'DELETE' || (method === 'POST' && path.startsWith('/stream/'))
      // Many small changes in a row are told as one.
      if (isChange && status.startsWith('2')) pending ??= setTimeout(tell, TOGETHER_MS)
    },
    join: (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
      sockets.handleUpgrade(request, socket, head, (joined) => joined.on('error', () => joined.terminate())),
    close: (): void => {
      if (pending !== null) clearTimeout(pending)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

const TOGETHER_MS = 100
