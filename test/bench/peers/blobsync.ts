import { openAsBlob } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import limit from 'p-limit'
import { createBlobSync, fileStore, httpRemote, streamingCipher } from 'blobsync/node'
import { serve } from 'blobsync/server'
import { secret } from '../device.ts'
import type { Library } from './library.ts'
import type { Work } from './peer.ts'

const device = ({ url, namespace, directory }: Work) =>
  createBlobSync({
    store: fileStore(directory),
    remote: httpRemote({ url, user: 'bench', token: 'bench' }),
    cipher: streamingCipher(secret),
    namespaces: [namespace],
  })

/** What fits is put as bytes, as an app has what it just made; the rest as the files they are. */
const contentOf = (path: string, blobBytes: number) => (blobBytes > WHOLE_BYTES_MAX ? openAsBlob(path) : readFile(path))

const WHOLE_BYTES_MAX = 8_000_000
/** What is put together is committed together. */
const FILES_AT_ONCE = 100

export const library: Library = {
  serve: (root) => serve({ root, port: 0, accounts: [{ user: 'bench', token: 'bench' }] }),

  up: async (work) => {
    const blobs = device(work)
    const put = async (id: string) =>
      blobs.put(await contentOf(join(work.source, id), work.blobBytes), { id, namespace: work.namespace })
    const inTurn = limit(FILES_AT_ONCE)
    await Promise.all((await readdir(work.source)).map((id) => inTurn(put, id)))
    const { waiting, held } = await blobs.sync()
    if (waiting.length + held.length > 0) throw new Error('Not everything was uploaded.')
    await blobs.close()
  },

  down: async (work) => {
    const blobs = device(work)
    const { downloaded } = await blobs.sync()
    if (downloaded.length !== work.blobs) throw new Error(`Only ${downloaded.length} blobs arrived.`)
    await blobs.close()
  },

  contents: async function* (work) {
    const blobs = device(work)
    for (const id of await readdir(work.source)) yield (await blobs.get(id, { namespace: work.namespace })).stream()
    await blobs.close()
  },
}
