import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createReadStream, openAsBlob } from 'node:fs'
import { blobPayload, streamingCipher, type BlobKey } from 'blobsync/node'

/** What an app would write by hand: a file, a stream, the cipher, `fetch`, and syncs; no parts, no records, nothing that goes on after a cut. */
export interface PipelineJob {
  readonly url: string
  readonly id: string
  /** Where the content is kept on this device. */
  readonly file: string
  readonly source: string
  readonly secret: Uint8Array<ArrayBuffer>
}

const headers = { authorization: `Token ${btoa('bench:bench')}` }
const keyOf = (id: string) => ({ namespace: 'default', id }) as BlobKey

/** Keeps a copy, as a device that holds the blob, and sends it. */
export const pipelineUp = async ({ url, id, file, source, secret }: PipelineJob): Promise<void> => {
  await writeDurably(file, createReadStream(source, { highWaterMark: WRITE_BYTES }))
  const cipher = streamingCipher(secret)
  const made = await cipher.encrypt(keyOf(id), await cipher.seal(), blobPayload(await openAsBlob(file)))()
  if (made._tag === 'Left') throw new Error(made.left.message)
  const { body, sizeBytes } = made.right
  const init = { method: 'PUT', headers: { ...headers, 'content-length': String(sizeBytes) }, body, duplex: 'half' }
  const answer = await fetch(`${url}/blobs/bench/${id}`, init)
  if (!answer.ok) throw new Error(`PUT: ${answer.status}`)
}

/** Asks what there is, fetches it, and keeps it once it is verified. */
export const pipelineDown = async ({ url, id, file, secret }: PipelineJob): Promise<void> => {
  const list = await fetch(`${url}/blobs/bench/`, { headers })
  // Our own server's answer, on a bench.
  if (!((await list.json()) as string[]).includes(id)) throw new Error('It is not listed.')
  const answer = await fetch(`${url}/blobs/bench/${id}`, { headers })
  if (!answer.ok || answer.body === null) throw new Error(`GET: ${answer.status}`)
  const draft = await open(`${file}.draft`, 'w')
  const sink = (bytes: Uint8Array) => async () => {
    await draft.writeFile(bytes)
    return { _tag: 'Right', right: undefined } as const
  }
  const opened = await streamingCipher(secret).decrypt(keyOf(id), answer.body, answer.headers.get('tag'), sink)()
  if (opened._tag === 'Left') throw new Error(opened.left.message)
  await draft.sync()
  await draft.close()
  await rename(`${file}.draft`, file)
  await syncFolder(dirname(file))
}

const WRITE_BYTES = 1024 * 1024

const writeDurably = async (path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> => {
  const file = await open(path, 'w')
  for await (const piece of pieces) await file.writeFile(piece)
  await file.sync()
  await file.close()
  await syncFolder(dirname(path))
}

const syncFolder = async (path: string) => {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}
