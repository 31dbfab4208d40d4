import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import limit from 'p-limit'
import { Upload } from 'tus-js-client'
import { filesIn } from './digest.ts'
import type { Library } from './library.ts'
import type { Work } from './peer.ts'

/** Resumable uploads, not encrypted; the protocol has no downloads. */
export const library: Library = {
  serve: async (root) => {
    const tus = new Server({ path: '/files', datastore: new FileStore({ directory: root }) })
    const server = createServer((request, response) => void tus.handle(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // A server that listens on a port has such an address.
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}/files`,
      close: async () => {
        server.closeAllConnections()
        server.close()
      },
    }
  },

  up: async (work) => {
    const inTurn = limit(TRANSFERS)
    await Promise.all((await readdir(work.source)).map((id) => inTurn(send, work, id)))
  },

  /** All that the server has of this run; it names its files itself, and notes beside each what was said of it. */
  contents: ({ serverRoot, namespace }) =>
    filesIn(serverRoot, (name) => {
      if (name.endsWith('.json')) return false
      // The server wrote it from what `send` says.
      const noted = JSON.parse(readFileSync(join(serverRoot, `${name}.json`), 'utf8')) as {
        readonly metadata: { readonly namespace: string }
      }
      return noted.metadata.namespace === namespace
    }),
}

const TRANSFERS = 6

const send = ({ source, url, namespace }: Work, id: string) =>
  new Promise<void>((resolve, reject) => {
    new Upload(createReadStream(join(source, id)), {
      endpoint: url,
      metadata: { filename: id, namespace },
      onSuccess: () => resolve(),
      onError: reject,
    }).start()
  })
