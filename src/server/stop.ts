import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Prepares a server for a stop that lets requests finish. Node's own idea of an idle connection leaves out those that never sent
 * a request, as browsers and `fetch` open them in advance.
 *
 * @returns what stops it: no new connections, idle ones closed at once, the others after their answer or at the deadline.
 */
export const stoppable = (server: Server): ((stopMs: number) => Promise<void>) => {
  const requests = new Map<Socket, number>()
  let isStopping = false

  server.on('connection', (socket: Socket) => {
    requests.set(socket, 0)
    socket.once('close', () => requests.delete(socket))
  })
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    requests.set(socket, (requests.get(socket) ?? 0) + 1)
    if (isStopping) response.shouldKeepAlive = false
    response.once('close', () => {
      const left = (requests.get(socket) ?? 1) - 1
      if (!socket.destroyed) requests.set(socket, left)
      if (isStopping && left === 0) socket.destroySoon()
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
      for (const [socket, underWay] of requests) if (underWay === 0) socket.destroySoon()
    })
}
