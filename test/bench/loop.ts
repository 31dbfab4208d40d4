import { open } from 'node:fs/promises'
import { join } from 'node:path'
import limit from 'p-limit'

/** What an app would write by hand: p-limit, WebCrypto, fetch, a file per blob with fsync; the same format, no retries, no records. */
export interface LoopJob {
  readonly url: string
  readonly namespace: string
  readonly directory: string
  readonly secret: Uint8Array<ArrayBuffer>
  readonly payloads: readonly { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> }[]
}

const TRANSFERS = 6
const headers = { authorization: `Token ${btoa('bench:bench')}` }

export const loopUp = async ({ url, namespace, directory, secret, payloads }: LoopJob): Promise<void> => {
  const inTurn = limit(TRANSFERS)
  await Promise.all(
    payloads.map(({ id, bytes }) =>
      inTurn(async () => {
        await writeDurably(join(directory, id), bytes)
        const body = await encrypt(secret, id, bytes)
        const answer = await fetch(`${url}/blobs/bench/${id}?namespace=${namespace}`, { method: 'PUT', headers, body })
        if (!answer.ok) throw new Error(`PUT ${id}: ${answer.status}`)
        await answer.arrayBuffer()
      }),
    ),
  )
}

export const loopDown = async ({ url, namespace, directory, secret, payloads }: LoopJob): Promise<void> => {
  const list = await fetch(`${url}/blobs/bench/?namespace=${namespace}`, { headers })
  // Our own server's answer, on a bench.
  const ids = (await list.json()) as string[]
  if (ids.length !== payloads.length) throw new Error(`Only ${ids.length} blobs are listed.`)
  const inTurn = limit(TRANSFERS)
  await Promise.all(
    ids.map((id) =>
      inTurn(async () => {
        const answer = await fetch(`${url}/blobs/bench/${id}?namespace=${namespace}`, { headers })
        if (!answer.ok) throw new Error(`GET ${id}: ${answer.status}`)
        await writeDurably(join(directory, id), await decrypt(secret, id, new Uint8Array(await answer.arrayBuffer())))
      }),
    ),
  )
}

const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

const keyOf = async (secret: Uint8Array<ArrayBuffer>, id: string): Promise<CryptoKey> => {
  const hmac = await crypto.subtle.importKey('raw', secret.subarray(64), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const raw = await crypto.subtle.sign('HMAC', hmac, new TextEncoder().encode(id))
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

const PREAMBLE_CHARACTERS = 736

const encrypt = async (
  secret: Uint8Array<ArrayBuffer>,
  id: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> => {
  const preamble = new Uint8Array(552)
  const view = new DataView(preamble.buffer)
  const iv = crypto.getRandomValues(new Uint8Array(16))
  preamble.set([0x13, 0x37, 1, 2])
  view.setBigUint64(8, BigInt(Math.floor(Date.now() / 1000)), true)
  preamble.set(iv, 16)
  preamble.set([id.length, ...new TextEncoder().encode(id)], 32)
  preamble.set([17, ...new TextEncoder().encode('ImmutableRevision')], 287)
  view.setBigUint64(544, BigInt(Math.max(4096, 2 ** (Math.floor(Math.log2(bytes.length)) + 1))), true)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: preamble }, await keyOf(secret, id), bytes)
  const body = new Uint8Array(PREAMBLE_CHARACTERS + 1 + sealed.byteLength)
  body.set(Buffer.from(Buffer.from(preamble).toString('base64url')))
  body[PREAMBLE_CHARACTERS] = 0x20
  body.set(new Uint8Array(sealed), PREAMBLE_CHARACTERS + 1)
  return body
}

const decrypt = async (secret: Uint8Array<ArrayBuffer>, id: string, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
  const preamble = new Uint8Array(Buffer.from(Buffer.from(body.subarray(0, PREAMBLE_CHARACTERS)).toString(), 'base64url'))
  const how = { name: 'AES-GCM', iv: preamble.subarray(16, 32), additionalData: preamble }
  return new Uint8Array(await crypto.subtle.decrypt(how, await keyOf(secret, id), body.subarray(PREAMBLE_CHARACTERS + 1)))
}
