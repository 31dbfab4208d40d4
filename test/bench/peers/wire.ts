import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Wire } from './peer.ts'

/** Counts what every HTTP server of this process takes and gives, without standing in its way. */
export const countRequests = (): (() => Wire) => {
  const open = new Set<Socket>()
  let requests = 0
  let bytes = 0
  subscribe('http.server.request.start', (message) => {
    const { socket } = message as { readonly socket: Socket }
    requests += 1
    if (open.has(socket)) return
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      bytes += moved(socket)
    })
  })
  return () => ({ requests, bytes: [...open].reduce((sum, socket) => sum + moved(socket), bytes) })
}

const moved = (socket: Socket) => socket.bytesRead + socket.bytesWritten

/** Stands before a server that does not count. It costs time, so that no time is taken of what goes through it. */
export const countingProxy = async (target: { readonly host: string; readonly port: number }) => {
  let bytes = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      // Else each small answer waits for the acknowledgement of the one before.
      from.setNoDelay()
      from.on('data', (data) => {
        bytes += data.length
      })
      from.on('error', () => to.destroy())
      from.on('close', () => sockets.delete(from))
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return {
    port,
    wire: async (): Promise<Wire> => ({ requests: null, bytes }),
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
