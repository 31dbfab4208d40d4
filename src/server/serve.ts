import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { accountList, type Account } from './auth'
import { fileBackend } from './file-backend'
import { blobHandler } from './handler'
import { stoppable } from './stop'

export interface ServeOptions {
  /** The folder that holds everything; see `fileBackend`. Created if missing. */
  readonly root: string
  /** 0 takes any free one. @default 2424 */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
  readonly accounts: readonly Account[]
  /** Per user, in bytes of stored blobs. @default unlimited */
  readonly quotaBytes?: number
  /** The largest body of a PUT, in bytes. @default 1 GiB + 753 */
  readonly blobBytesMax?: number
  /** How long a request's head may take. @default 20000 */
  readonly headMs?: number
  /** A connection over which nothing moves for so long in the middle of a request is cut. @default 60000 */
  readonly stallMs?: number
  /** How long `close` waits for what is under way before it cuts it. @default 10000 */
  readonly stopMs?: number
  /** Receives one line per request, without secrets. */
  readonly log?: (line: string) => void
}

export interface Serving {
  readonly url: string
  readonly port: number
  /** Takes no more requests, lets those under way finish within `stopMs`, then frees port and folder. */
  readonly close: () => Promise<void>
}

/**
 * Serves blobs from a folder over HTTP, until it is closed.
 *
 * @throws if another server holds the folder, or the port is taken.
 */
export const serve = async (options: ServeOptions): Promise<Serving> => {
  const {
    root,
    accounts,
    port = 2424,
    host = '127.0.0.1',
    headMs = 20_000,
    stallMs = 60_000,
    stopMs = 10_000,
    ...limits
  } = options
  const backend = await fileBackend(root)
  const handle = blobHandler({ ...limits, backend, authenticate: accountList(accounts) })

  const underWay = new Set<Promise<Response>>()
  const answer = (request: Request) => {
    const handling = handle(request).finally(() => underWay.delete(handling))
    underWay.add(handling)
    return handling
  }

  const listener = getRequestListener(answer, { overrideGlobalObjects: false })
  const server = createServer(
    { headersTimeout: headMs, requestTimeout: 0, connectionsCheckingInterval: Math.min(headMs, 5_000), keepAliveTimeout: 15_000 },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  const stopServer = stoppable(server)
  server.maxConnections = CONNECTIONS_MAX
  server.setTimeout(stallMs)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuseHead(error, socket, options.log))

  try {
    await listen(server, port, host)
  } catch (error) {
    await backend.close()
    throw error
  }
  const bound = addressOf(server)

  const stop = async () => {
    await stopServer(stopMs)
    await Promise.allSettled(underWay)
    await backend.close()
  }
  let stopped: Promise<void> | null = null
  return { url: `http://${urlHost(host)}:${bound.port}`, port: bound.port, close: () => (stopped ??= stop()) }
}

const CONNECTIONS_MAX = 10_000

const listen = (server: Server, port: number, host: string) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })

/** A request that cannot be read has no handler: it is answered and logged here. */
const refuseHead = (error: NodeJS.ErrnoException, socket: Socket, log: ServeOptions['log']) => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = headStatuses.get(error.code ?? '') ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  log?.(`- - ${status.slice(0, 3)} 0 0 ${error.code ?? error.name}`)
}

const headStatuses: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

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
