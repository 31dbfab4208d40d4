import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import limit from 'p-limit'
import { secret } from '../device.ts'
import { library as ours } from './blobsync.ts'
import { filesIn } from './digest.ts'
import type { Library } from './library.ts'
import type { Work } from './peer.ts'

/**
 * What an app would write by hand against the same server: p-limit, WebCrypto, `fetch`, a file for each blob.
 * No retries, no records, nothing that goes on after a cut.
 */
export const loopThat = (write: (path: string, bytes: Uint8Array) => Promise<void>): Library => ({
  serve: ours.serve,

  up: async (work) => {
    const inTurn = limit(TRANSFERS)
    const send = async (id: string) => {
      const bytes = await readFile(join(work.source, id))
      await write(join(work.directory, id), bytes)
      const answer = await fetch(urlOf(work, id), { method: 'PUT', headers, body: await encrypt(id, bytes) })
      if (!answer.ok) throw new Error(`PUT ${id}: ${answer.status}`)
      await answer.arrayBuffer()
    }
    await Promise.all((await readdir(work.source)).map((id) => inTurn(send, id)))
  },

  down: async (work) => {
    const list = await fetch(urlOf(work, ''), { headers })
    // Our own server's answer, on a bench.
    const ids = (await list.json()) as string[]
    const inTurn = limit(TRANSFERS)
    const fetchOne = async (id: string) => {
      const answer = await fetch(urlOf(work, id), { headers })
      if (!answer.ok) throw new Error(`GET ${id}: ${answer.status}`)
      await write(join(work.directory, id), await decrypt(id, new Uint8Array(await answer.arrayBuffer())))
    }
    await Promise.all(ids.map((id) => inTurn(fetchOne, id)))
  },

  contents: ({ directory }) => filesIn(directory),
})

export const library = loopThat(writeFile)

const TRANSFERS = 6
const headers = { authorization: `Token ${btoa('bench:bench')}` }
const urlOf = ({ url, namespace }: Work, id: string) => `${url}/blobs/bench/${id}?namespace=${namespace}`

const bytesOf = (text: string) => new TextEncoder().encode(text)

const keyOf = async (id: string): Promise<CryptoKey> => {
  const hmac = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const raw = await crypto.subtle.sign('HMAC', hmac, bytesOf(id))
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

const IV_BYTES = 12

const encrypt = async (id: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: bytesOf(id) }, await keyOf(id), bytes)
  const body = new Uint8Array(IV_BYTES + sealed.byteLength)
  body.set(iv)
  body.set(new Uint8Array(sealed), IV_BYTES)
  return body
}

const decrypt = async (id: string, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
  const how = { name: 'AES-GCM', iv: body.subarray(0, IV_BYTES), additionalData: bytesOf(id) }
  return new Uint8Array(await crypto.subtle.decrypt(how, await keyOf(id), body.subarray(IV_BYTES)))
}
