import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { textBytes, type Bytes } from '../model/bytes'
import { decodeBase64url, encodeBase64url } from './base64url'
import { headerBytes, type Format } from './segments'

/** Which key a blob goes with, and the header it begins with. */
export interface StreamingSeal {
  readonly keyId: string
  readonly header: Bytes
}

const form = /^streaming1\.([A-Za-z0-9_-]{11})\.([A-Za-z0-9_-]+)$(?!\n)/

/** A seal as the text that records keep: `streaming1.<key id>.<header in base64url>`. */
export const streamingSealText = ({ keyId, header }: StreamingSeal): string =>
  `streaming1.${keyId}.${encodeBase64url(header, false)}`

/** @returns `none` for anything that `streamingSealText` does not write. */
export const readStreamingSeal = (format: Format, text: string): O.Option<StreamingSeal> => {
  const [, keyId = '', header = ''] = form.exec(text) ?? []
  return pipe(
    decodeBase64url(textBytes(header), false),
    O.filter(({ length, 0: first }) => length === headerBytes(format) && first === length),
    O.map((bytes) => ({ keyId, header: bytes })),
  )
}
