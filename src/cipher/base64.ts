import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import { textBytes, type Bytes } from '../model/bytes'
import { decodeBase64url } from './base64url'

/**
 * Bytes as padded base64 (RFC 4648 section 4) in one canonical form, but for a newline that may end it: Python's writer adds one.
 *
 * @param sizeBytes How many; null: any number.
 */
export const base64Of = (sizeBytes: number | null): t.Type<Bytes, string, unknown> => {
  const name = sizeBytes === null ? 'base64' : `${sizeBytes} bytes in base64`
  const fits = ({ length }: Uint8Array) => sizeBytes === null || length === sizeBytes
  return new t.Type<Bytes, string, unknown>(
    name,
    (u): u is Bytes => u instanceof Uint8Array && fits(u),
    (u, context) =>
      pipe(
        decodeBase64(u),
        O.filter(fits),
        O.match(() => t.failure(u, context), t.success),
      ),
    (bytes) => btoa(String.fromCharCode(...bytes)),
  )
}

const form = /^[A-Za-z0-9+/]*={0,2}\n?$/

const decodeBase64 = (u: unknown): O.Option<Bytes> =>
  typeof u === 'string' && form.test(u)
    ? decodeBase64url(textBytes(u.replace('\n', '').replaceAll('+', '-').replaceAll('/', '_')), true)
    : O.none
