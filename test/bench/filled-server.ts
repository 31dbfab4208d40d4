import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobId, Namespace } from 'blobsync'
import { soledadCipher } from 'blobsync/cipher/soledad'
import { httpRemote } from 'blobsync/remote/http'
import { serve } from 'blobsync/server'
import { recordWith, type BlobRecord } from './records.ts'

export const namespace = 'default' as Namespace
export const cipher = soledadCipher(new Uint8Array(96).fill(1))

const PAGE_BLOBS = 500

/** A server that can be filled with very many blobs of a few bytes, which no device has put. */
export const filledServer = async (log?: (line: string) => void) => {
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  const server = await serve({ root, port: 0, accounts: [{ user: 'ann', token: 't' }], ...(log === undefined ? {} : { log }) })
  const remoteOf = () => httpRemote({ url: server.url, user: 'ann', token: 't' })
  return {
    root,
    remoteOf,
    /** @param take is given their records page by page, as those of a device that has them all. */
    fill: async (count: number, take: (records: readonly BlobRecord[]) => Promise<unknown> | void): Promise<void> => {
      const { batches } = remoteOf()
      for (let begin = 0; begin < count; begin += PAGE_BLOBS) {
        const blobs = Array.from({ length: Math.min(PAGE_BLOBS, count - begin) }, (_, n) => ({
          id: `b${begin + n}` as BlobId,
          bytes: new Uint8Array(randomBytes(32)),
        }))
        const stored = await batches?.put(namespace, blobs)()
        if (stored?._tag !== 'Right') throw new Error('the server could not be filled')
        await take(blobs.map(({ id, bytes }) => recordOf(id, bytes)))
      }
    },
    close: async (): Promise<void> => {
      await server.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

export const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

/** As a device has it that holds the blob. */
const recordOf = (id: string, bytes: Uint8Array): BlobRecord =>
  recordWith({
    id,
    status: 'SYNCED',
    isHere: true,
    sizeBytes: 0,
    tag: `${Buffer.from(bytes.subarray(-16)).toString('base64url')}==`,
    uploadWasTried: true,
  })
