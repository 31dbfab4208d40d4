import { accountList, type Account } from './auth'
import { WAIT_MS_MAX } from './change-routes'
import { fileBackend } from './file-backend'
import { blobHandler } from './handler'
import { httpServer, type HttpServer } from './http-server'
import { incomingHandler, type Service } from './incoming'

export interface ServeOptions {
  /** The folder that holds everything; see `fileBackend`. Created if missing. */
  readonly root: string
  /** 0 takes any free one. @default 2424 */
  readonly port?: number
  /** @default '127.0.0.1' */
  readonly host?: string
  readonly accounts: readonly Account[]
  /** Who may deliver to users' boxes, on a port of its own. @default none, and then there is no such port */
  readonly services?: readonly Service[]
  /** Where services deliver, on 127.0.0.1 only. 0 takes any free one. @default 2525 */
  readonly incomingPort?: number
  /** Per user, in bytes of stored blobs. @default unlimited */
  readonly quotaBytes?: number
  /** The largest blob that is taken, in bytes. @default 1 TiB; of what services deliver: 1 GiB + 753 */
  readonly blobBytesMax?: number
  /** Web apps that may use it from a browser, as `https://app.example.org`. @default none */
  readonly origins?: readonly string[]
  /** How long after its last byte an upload in parts that is not whole is forgotten. @default 86400000, a day */
  readonly uploadsExpireMs?: number
  /** How far back the feed of changes goes; see `fileBackend`. @default 7776000000, 90 days */
  readonly changesKeptMs?: number
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
  /** Where services deliver; null if there are none. */
  readonly incoming: { readonly url: string; readonly port: number } | null
  /** Takes no more requests, lets those under way finish within `stopMs`, then frees ports and folder. */
  readonly close: () => Promise<void>
}

/**
 * Serves blobs from a folder over HTTP, until it is closed.
 *
 * @throws if another server holds the folder, a port is taken, or an origin is none.
 */
export const serve = async (options: ServeOptions): Promise<Serving> => {
  const {
    root,
    accounts,
    services = [],
    port = 2424,
    host = '127.0.0.1',
    incomingPort = 2525,
    headMs = 20_000,
    stallMs = 60_000,
    stopMs = 10_000,
    uploadsExpireMs = 86_400_000,
    changesKeptMs,
    ...limits
  } = options
  const backend = await fileBackend(root, { uploadsExpireMs, ...(changesKeptMs === undefined ? {} : { changesKeptMs }) })
  const closing = new AbortController()
  const open: HttpServer[] = []
  const stop = async () => {
    closing.abort()
    await Promise.all(open.map((server) => server.stop()))
    await backend.close()
  }
  const listen = async (
    handle: (request: Request) => Promise<Response>,
    at: { readonly port: number; readonly host: string },
  ) => {
    const server = await httpServer(handle, { ...at, headMs, stallMs, stopMs, log: limits.log })
    open.push(server)
    return server
  }

  try {
    const api = await listen(
      blobHandler({
        ...limits,
        backend,
        authenticate: accountList(accounts),
        closing: closing.signal,
        ownsBodies: true,
        // While it waits nothing moves on the connection.
        waitMsMax: Math.min(WAIT_MS_MAX, stallMs / 2),
      }),
      { port, host },
    )
    const incoming =
      services.length === 0
        ? null
        : await listen(incomingHandler({ ...limits, backend, services }), { port: incomingPort, host: '127.0.0.1' })
    let stopped: Promise<void> | null = null
    return {
      url: api.url,
      port: api.port,
      incoming: incoming === null ? null : { url: incoming.url, port: incoming.port },
      close: () => (stopped ??= stop()),
    }
  } catch (error) {
    await stop()
    throw error
  }
}
