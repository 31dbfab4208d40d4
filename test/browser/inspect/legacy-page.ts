import { inspect } from '../../legacy-inspect/node_modules/@xstate/inspect/es/index.js'
import { createBlobSync } from '../../../src/index'
import { soledadCipher } from '../../../src/cipher/soledad'
import { legacyInspector } from '../../../src/inspect'
import { memoryRemote } from '../../../src/remote/memory'
import { memoryStore } from '../../../src/store/memory'

/** An app with the real @xstate/inspect beside it, whose viewer is in an iframe. */
const frame = document.createElement('iframe')
document.body.append(frame)
inspect({ iframe: frame, url: new URL('/legacy-receiver.html', location.href).href })
const { inspect: observer } = legacyInspector()
const blobs = createBlobSync({
  store: memoryStore(),
  remote: memoryRemote(),
  cipher: soledadCipher(new Uint8Array(96).fill(5)),
  inspect: observer,
})
Object.assign(window, {
  app: {
    run: async () => {
      await blobs.put(new TextEncoder().encode('one'), { id: 'one' })
      await blobs.sync()
    },
    value: () => blobs.actor.getSnapshot().value,
    transfers: () => blobs.getSnapshot().transfers,
  },
})
