import * as O from 'fp-ts/Option'
import type { Bytes } from '../model/bytes'
import { hasFunction, nodeBuiltin } from './node-builtin'

/** Makes a key of 32 bytes from a passphrase (RFC 7914), at the one cost that Soledad knows: 16 MiB, some 50 ms. */
export type Scrypt = (passphrase: Bytes, salt: Bytes) => Promise<Bytes>

export const SCRYPT_KEY_BYTES = 32

const COST = { N: 16_384, r: 8, p: 1 }

/** `node:crypto`'s; `none` where the runtime has no such module: WebCrypto knows no scrypt. */
export const nodeScrypt = (): O.Option<Scrypt> => {
  const found = nodeBuiltin('node:crypto')
  return isNodeScrypt(found) ? O.some(scryptOf(found)) : O.none
}

interface NodeScrypt {
  readonly scrypt: (passphrase: Bytes, salt: Bytes, keyBytes: number, cost: typeof COST, done: Done) => void
}
type Done = (error: Error | null, key: Bytes) => void

const isNodeScrypt = (found: unknown): found is NodeScrypt => hasFunction(found, 'scrypt')

const scryptOf =
  ({ scrypt }: NodeScrypt): Scrypt =>
  (passphrase, salt) =>
    new Promise((resolve, reject) => {
      scrypt(passphrase, salt, SCRYPT_KEY_BYTES, COST, (error, key) => {
        if (error === null) resolve(new Uint8Array(key))
        else reject(error)
      })
    })
