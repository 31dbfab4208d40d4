import * as O from 'fp-ts/Option'
import type { Bytes } from '../model/bytes'
import { TAG_BYTES, type GcmEngine } from './gcm'
import { nodeMac, plain, type NodeKey, type NodeMacs } from './mac-node'
import { hasFunction, nodeBuiltin } from './node-builtin'

/** What this engine uses of `node:crypto`. */
interface NodeCrypto extends NodeMacs {
  readonly createCipheriv: (name: 'aes-256-gcm', key: NodeKey, iv: Uint8Array, options: TagLength) => NodeCipher
  readonly createDecipheriv: (name: 'aes-256-gcm', key: NodeKey, iv: Uint8Array, options: TagLength) => NodeDecipher
}
interface TagLength {
  readonly authTagLength: typeof TAG_BYTES
}
interface NodeTransform {
  readonly setAAD: (bytes: Uint8Array) => unknown
  readonly update: (bytes: Uint8Array) => Bytes
  readonly final: () => Bytes
}
interface NodeCipher extends NodeTransform {
  readonly getAuthTag: () => Bytes
}
interface NodeDecipher extends NodeTransform {
  readonly setAuthTag: (tag: Uint8Array) => unknown
}

/**
 * `node:crypto`, which streams and costs a tenth of WebCrypto for small messages.
 *
 * @returns `none` where the runtime has no such module (browsers, Node before 22.3).
 */
export const nodeGcm = (): O.Option<GcmEngine> => {
  const found = nodeBuiltin('node:crypto')
  return isNodeCrypto(found) ? O.some(engineOf(found)) : O.none
}

const isNodeCrypto = (found: unknown): found is NodeCrypto =>
  hasFunction(found, 'createSecretKey') &&
  hasFunction(found, 'createHmac') &&
  hasFunction(found, 'createCipheriv') &&
  hasFunction(found, 'createDecipheriv')

const engineOf = (node: NodeCrypto): GcmEngine => ({
  isStreaming: true,
  bytesMax: Infinity,

  mac: nodeMac(node),

  sealer: (key, iv, associated) => {
    const cipher = node.createCipheriv('aes-256-gcm', node.createSecretKey(key), iv, { authTagLength: TAG_BYTES })
    cipher.setAAD(associated)
    return {
      update: (plaintext) => plain(cipher.update(plaintext)),
      finish: () => ({ rest: plain(cipher.final()), tag: plain(cipher.getAuthTag()) }),
    }
  },

  opener: (key, iv, associated) => {
    const decipher = node.createDecipheriv('aes-256-gcm', node.createSecretKey(key), iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated)
    return {
      update: (ciphertext) => plain(decipher.update(ciphertext)),
      finish: (tag) => {
        decipher.setAuthTag(tag)
        return O.map(plain)(O.tryCatch(() => decipher.final()))
      },
    }
  },
})
