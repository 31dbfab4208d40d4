import { soledadCipher } from '../../src/cipher/soledad'
import { createBlobSync, type BlobSync } from '../../src/index'
import { httpRemote } from '../../src/remote/http'
import { fileStore } from '../../src/store/file'
import { secret } from './content'

/** A device on disk, with a server. */
export const open = (home: string, url: string, user: string, paused = false): BlobSync =>
  createBlobSync({
    live: false,
    store: fileStore(home),
    remote: httpRemote({ url, user, token: 'secret' }),
    cipher: soledadCipher(secret),
    backoff: { delaysMs: [20] },
    paused,
  })
