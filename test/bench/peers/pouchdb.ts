import { once } from 'node:events'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { Library } from './library.ts'
import { pouchdbManifest } from './pouchdb-packages.ts'
import type { Work } from './peer.ts'

/** As much of PouchDB as is used here; its packages bring no types. */
interface Database {
  readonly bulkDocs: (documents: readonly object[]) => Promise<readonly { readonly ok?: boolean }[]>
  readonly getAttachment: (id: string, name: string) => Promise<Uint8Array>
  readonly replicate: Readonly<
    Record<'to' | 'from', (url: string) => Promise<{ readonly ok: boolean; readonly docs_written: number }>>
  >
  readonly close: () => Promise<void>
}
interface PouchDB {
  new (name: string): Database
  readonly defaults: (options: { readonly prefix: string }) => PouchDB
}

/** They are no packages of this project, so that nobody looks for them in it. */
const brought = createRequire(pouchdbManifest)
const open = ({ directory }: Work): Database => {
  const Pouch = brought('pouchdb-node') as PouchDB
  return new Pouch(join(directory, 'database'))
}

/** A document with an attachment for each blob, in LevelDB on both sides, not encrypted; replicated by its own protocol. */
export const library: Library = {
  serve: async (root) => {
    const express = brought('express') as () => {
      readonly use: (handler: unknown) => void
      readonly listen: (port: number, host: string) => Server
    }
    const handlerOf = brought('express-pouchdb') as (database: PouchDB, options: object) => unknown
    const prefix = `${join(root, 'databases')}/`
    await mkdir(prefix)
    const app = express()
    const Pouch = (brought('pouchdb-node') as PouchDB).defaults({ prefix })
    app.use(handlerOf(Pouch, { mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: join(root, 'log.txt') }))
    const server = app.listen(0, '127.0.0.1')
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

  up: async (work) => {
    const database = open(work)
    const ids = await readdir(work.source)
    for (let from = 0; from < ids.length; from += DOCUMENTS_AT_ONCE) {
      const some = ids.slice(from, from + DOCUMENTS_AT_ONCE)
      const stored = await database.bulkDocs(await Promise.all(some.map((id) => documentOf(work.source, id))))
      if (!stored.every(({ ok }) => ok === true)) throw new Error('Not everything was stored.')
    }
    await replicated(work, database, 'to')
  },

  down: async (work) => {
    await replicated(work, open(work), 'from')
  },

  contents: async function* (work) {
    const database = open(work)
    for (const id of await readdir(work.source)) yield piecesOf(await database.getAttachment(id, ATTACHMENT))
    await database.close()
  },
}

/** As many as a replication takes to a request. */
const DOCUMENTS_AT_ONCE = 100
const ATTACHMENT = 'content'

const documentOf = async (source: string, id: string) => ({
  _id: id,
  _attachments: { [ATTACHMENT]: { content_type: 'application/octet-stream', data: await readFile(join(source, id)) } },
})

const replicated = async ({ url, namespace, blobs }: Work, database: Database, to: 'to' | 'from') => {
  const { ok, docs_written: count } = await database.replicate[to](`${url}/${namespace.toLowerCase()}`)
  if (!ok || count !== blobs) throw new Error(`Only ${count} documents were replicated.`)
  await database.close()
}

async function* piecesOf(bytes: Uint8Array) {
  yield bytes
}
