import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Log } from './exchange'
import { stoppable } from './stop'

export interface HttpServerOptions {
  readonly port: number
  readonly host: string
  readonly headMs: number
  readonly stallMs: number
  readonly stopMs: number
  readonly log: Log | undefined
}

export interface HttpServer {
  readonly url: string
  readonly port: number
  /** Takes no more requests and lets those under way finish within `stopMs`. */
  readonly stop: () => Promise<void>
}

/** Answers HTTP requests on a port by a fetch handler. @throws if the port is taken. */
export const httpServer = async (
  handle: (request: Request) => Promise<Response>,
  { port, host, headMs, stallMs, stopMs, log }: HttpServerOptions,
): Promise<HttpServer> => {
  const underWay = new Set<Promise<Response>>()
  const answer = (request: Request, httpVersion: string) => {
    const handling = handle(request)
      .then((response) => (httpVersion === '1.0' ? unchunked(response) : response))
      .finally(() => underWay.delete(handling))
    underWay.add(handling)
    return handling
  }

  const listener = getRequestListener((request, { incoming }) => answer(request, incoming.httpVersion), {
    overrideGlobalObjects: false,
  })
  const server = createServer(
    { headersTimeout: headMs, requestTimeout: 0, connectionsCheckingInterval: Math.min(headMs, 5_000), keepAliveTimeout: 15_000 },
    inTurn((incoming, outgoing) => void listener(incoming, outgoing)),
  )
  const stopServer = stoppable(server)
  server.maxConnections = CONNECTIONS_MAX
  server.setTimeout(stallMs)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseHead(error, socket, log))
  server.on('connect', (_request, socket: Duplex) => void socket.end(refusal('401 Unauthorized')))

  await listen(server, port, host)
  const bound = addressOf(server)
  return {
    url: `http://${urlHost(host)}:${bound.port}`,
    port: bound.port,
    stop: async () => {
      await stopServer(stopMs)
      await Promise.allSettled(underWay)
    },
  }
}

const CONNECTIONS_MAX = 10_000

/** Node hands over the requests of one connection as fast as they come; each must see what the one before it has done. */
const inTurn = (listener: RequestListener): RequestListener => {
  const last = new WeakMap<Socket, Promise<void>>()
  return (incoming, outgoing) => {
    const { socket } = incoming
    const before = last.get(socket) ?? Promise.resolve()
    last.set(socket, new Promise((resolve) => outgoing.once('close', resolve)))
    void before.then(() => (socket.destroyed ? undefined : listener(incoming, outgoing)))
  }
}

/** HTTP/1.0 knows no chunks: its answers end with the connection. */
const unchunked = (response: Response) => {
  response.headers.delete('transfer-encoding')
  return response
}

const listen = (server: Server, port: number, host: string) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** A request that cannot be read has no handler: it is answered and logged here. */
const refuseHead = (error: NodeJS.ErrnoException, socket: Socket, log: Log | undefined) => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = headStatuses.get(error.code ?? '') ?? '400 Bad Request'
  socket.end(refusal(status))
  log?.(`- - ${status.slice(0, 3)} 0 0 ${error.code ?? error.name}`)
}

const headStatuses: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_INVALID_METHOD', '401 Unauthorized'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

const refusal = (status: string) => `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`

const addressOf = (server: Server): AddressInfo => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('The server listens on no port.')
  return address
}

/** A wildcard is no address to call. */
const urlHost = (host: string) => {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
