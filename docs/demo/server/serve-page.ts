import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { Shown, ShowOptions } from '../../../src/cli/tour.ts'
import { attachRelay } from '../relay.ts'
import { changeFeed } from './changes.ts'
import { refusalOf } from './guard.ts'
import { staticFiles } from './static-files.ts'
import { visitorAccounts } from './visitors.ts'

const HOST = '127.0.0.1'
const PORT = 4224

/** Where the page finds the blob server beside itself. */
const API = '/server'
const RELAY = '/relay'

/** Serves the built page, an account for it, a blob server in `root` and the feed of its changes, all on one loopback port. */
export const servePage = async ({ root, port, account, log }: ShowOptions): Promise<Shown> => {
  const { accountList, blobHandler, fileBackend } = await import('blobsync/server')
  const backend = await fileBackend(root)
  const changes = changeFeed()
  const visitors = visitorAccounts()
  const page = await staticFiles(resolve(import.meta.dirname, '..', 'dist'))
  const isTourist = accountList([account])
  const blobs = blobHandler({
    backend,
    authenticate: async (given) => visitors.has(given) || isTourist(given),
    log: (line) => {
      log?.(line)
      changes.noteRequest(line)
    },
  })

  const toBlobs = getRequestListener(blobs, { overrideGlobalObjects: false })
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const refusal = refusalOf(request, boundPort(server))
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (refusal !== null) {
      response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${refusal.reason}\n`)
    } else if (path === API || path.startsWith(`${API}/`)) {
      request.url = (request.url ?? '').slice(API.length) || '/'
      void toBlobs(request, response)
    } else if (path === '/account' && request.method === 'POST') {
      void visitors.answer(request, response)
    } else {
      page(request, response)
    }
  })
  server.on('upgrade', (request, socket, head) => {
    if (request.url?.split('?', 1)[0] === RELAY) return
    const isRefused = refusalOf(request, boundPort(server)) !== null || request.headers.origin === undefined
    if (!isRefused && request.url === '/changes') changes.join(request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  })

  // It answers for its own path, and lets devices in Node in as well.
  const relay = attachRelay(server, { path: RELAY })

  await listen(server, port)
  const address = `http://${HOST}:${boundPort(server)}/`
  return {
    address,
    url: `${address}${API.slice(1)}/`,
    close: async () => {
      changes.close()
      relay.close()
      await new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      })
      await backend.close()
    },
  }
}

/** On the usual port where nobody asked for another, so that the address stays; if that is taken, on any. */
const listen = async (server: Server, port: number | null): Promise<void> => {
  const listenOn = (on: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(on, HOST, () => {
        server.off('error', reject)
        resolve()
      })
    })
  if (port !== null) return listenOn(port)
  await listenOn(PORT).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    await listenOn(0)
  })
}

const boundPort = (server: Server): number => {
  const isPort = (address: string | AddressInfo | null): address is AddressInfo => typeof address === 'object' && address !== null
  const address = server.address()
  return isPort(address) ? address.port : 0
}
