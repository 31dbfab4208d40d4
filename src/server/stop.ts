import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Prepares a server for a stop that lets requests finish. Node's own idea of an idle connection leaves out those that never sent
 * a request, as browsers and `fetch` open them in advance.
 *
 * @returns what stops it: no new connections, idle ones closed at once, the others after their answer or at the deadline.
 */
export const stoppable = (server: Server): ((stopMs: number) => Promise<void>) => {
  const idle = new Set<Socket>()
  let isStopping = false

  server.on('connection', (socket: Socket) => {
    idle.add(socket)
    socket.once('close', () => idle.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    idle.delete(socket)
    if (isStopping) response.shouldKeepAlive = false
    response.once('close', () => {
      if (isStopping) socket.destroySoon()
      else if (!socket.destroyed) idle.add(socket)
    })
  })

  return (stopMs) =>
    new Promise((resolve) => {
      isStopping = true
      const deadline = setTimeout(() => server.closeAllConnections(), stopMs)
      server.close(() => {
        clearTimeout(deadline)
        resolve()
      })
      for (const socket of idle) socket.destroySoon()
    })
}
