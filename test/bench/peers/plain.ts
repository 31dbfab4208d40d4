import { createReadStream, createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Library } from './library.ts'

/** The barest server: what is PUT under a name is a file of that name, and GET gives it back. It has no client of its own. */
export const library: Library = {
  serve: async (root) => {
    const server = createServer((request, response) => {
      const path = join(root, encodeURIComponent(request.url ?? ''))
      const done =
        request.method === 'PUT'
          ? pipeline(request, createWriteStream(path)).then(() => response.end())
          : pipeline(createReadStream(path), response)
      done.catch(() => response.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // A server that listens on a port has such an address.
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}`,
      close: async () => {
        server.closeAllConnections()
        server.close()
      },
    }
  },
}
