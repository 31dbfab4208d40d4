import * as O from 'fp-ts/Option'
import { createBlobSync } from '../../src/blob-sync'
import { streamingCipher } from '../../src/cipher/streaming'
import { httpRemote } from '../../src/remote/http'
import { idbStore } from '../../src/store/idb'
import { opfsStore } from '../../src/store/opfs'
import type { Store } from '../../src/store/store'
import { noise } from '../../src/testing/cipher-bytes'
import { done, key } from './idb-ground'
import type { Kind } from './store-crash-kinds'

const stores: Readonly<Record<Kind, (name: string) => Store>> = {
  idb: (name) => idbStore(name),
  opfs: (name) => opfsStore(name),
  'opfs-page': (name) => opfsStore(name, { worker: false }),
}

const ID = 'big'

/** A device of a kind on this page. */
const open = (kind: Kind, name: string, url: string) => {
  const store = stores[kind](name)
  const blobs = createBlobSync({
    store,
    remote: httpRemote({ url, user: 'ann', token: 'secret' }),
    cipher: streamingCipher(new Uint8Array(64).fill(9)),
    backoff: { delaysMs: [20] },
  })
  const statusNow = () => blobs.blob(ID).getSnapshot().status
  return {
    /** Stores the content, to be sent, unless it is there. */
    put: async (sizeBytes: number) => {
      await blobs.ready
      if (statusNow() === 'DELETED') await blobs.put(noise(sizeBytes), { id: ID })
    },
    sync: async () => {
      while (statusNow() !== 'SYNCED') await blobs.sync()
    },
    /** Whether a payload can be read, beside what the record says. */
    isReadable: async () => O.isSome(await done(store.read(key(ID)))),
    isEqual: async (sizeBytes: number) => {
      const bytes = await (await blobs.get(ID)).bytes()
      const expected = noise(sizeBytes)
      return bytes.length === sizeBytes && expected.every((byte, at) => byte === bytes[at])
    },
    close: () => blobs.close(),
  }
}

declare global {
  var openDevice: typeof open
}
globalThis.openDevice = open
