import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { serve, type Serving } from '../../src/server'

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * What a page asks for a reference server of its own: that takes `ada` with the token `secret` from that page's origin alone, and blobs
     * of 5 MB at most. The path
     * `/for-others` gives one that takes no page. Every other is a redirect.
     */
    readonly serverStarter: string
  }
}

/** The origin of the tests' page is not known before it asks: so it asks for the server that lets it in. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-browser-'))
  const servers: Serving[] = []
  const start = async (origins: readonly string[]) => {
    const server = await serve({
      root: await mkdtemp(join(root, 'server-')),
      port: 0,
      accounts: [{ user: 'ada', token: 'secret' }],
      origins,
      blobBytesMax: 5_000_000,
    })
    servers.push(server)
    return server.url
  }
  const starter = createServer(({ url, method, headers: { origin = '' } }, response) => {
    const cors = { 'access-control-allow-origin': origin, 'access-control-allow-headers': 'accept, authorization, content-type' }
    if (method === 'OPTIONS') response.writeHead(204, cors).end()
    else if (url !== '/' && url !== '/for-others') response.writeHead(307, { ...cors, location: '/' }).end()
    else
      start(url === '/' ? [origin] : []).then(
        (address) => response.writeHead(200, cors).end(address),
        (error: unknown) => response.writeHead(500, cors).end(String(error)),
      )
  })
  await new Promise<void>((resolve) => starter.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has such an address.
  project.provide('serverStarter', `http://127.0.0.1:${(starter.address() as AddressInfo).port}`)

  return async () => {
    starter.close()
    starter.closeAllConnections()
    await Promise.all(servers.map((server) => server.close()))
    await rm(root, { recursive: true })
  }
}
