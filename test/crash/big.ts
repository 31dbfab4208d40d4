import { streamingCipher } from '../../src/cipher/streaming'
import { createBlobSync, type BlobSync } from '../../src/index'
import { httpRemote } from '../../src/remote/http'
import { fileStore } from '../../src/store/file'
import { noise } from '../../src/testing/cipher-bytes'
import { secret } from './content'

/** A device on disk that sends and fetches one big blob. */
export const openBig = (home: string, url: string, paused = false): BlobSync =>
  createBlobSync({
    live: false,
    store: fileStore(home),
    remote: httpRemote({ url, user: 'ann', token: 'secret' }),
    cipher: cipherOfBig,
    backoff: { delaysMs: [20] },
    paused,
  })

export const cipherOfBig = streamingCipher(secret)
export const BIG = 'big'

export const bigContent = (sizeBytes: number): Uint8Array<ArrayBuffer> => noise(sizeBytes)
