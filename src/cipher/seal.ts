import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import { failure, type Failure } from '../model/failure'
import { decodeBase64url, encodeBase64url } from './base64url'
import { textBytes, type Bytes } from '../model/bytes'
import { IV_BYTES } from './preamble'

/** What a Soledad blob's encryption may use for one content only. */
export interface Seal {
  /** Whole seconds since 1970, at least 1: the format knows no 0. */
  readonly seconds: number
  /** 16 random bytes. */
  readonly iv: Bytes
}

const form = /^soledad1\.([1-9][0-9]{0,15})\.([A-Za-z0-9_-]{22})$/

/** A seal as the text that records keep: `soledad1.<seconds>.<iv in base64url>`. */
export const sealText = ({ seconds, iv }: Seal): string => `soledad1.${seconds}.${encodeBase64url(iv, false)}`

/** A seal for the next content. */
export const newSeal = (): Seal => ({
  seconds: Math.max(1, Math.floor(Date.now() / 1000)),
  iv: crypto.getRandomValues(new Uint8Array(IV_BYTES)),
})

/** @returns `Corrupt` for anything that `sealText` does not write. */
export const readSeal = (text: string): E.Either<Failure, Seal> => {
  const [, seconds = '', iv = ''] = form.exec(text) ?? []
  return pipe(
    decodeBase64url(textBytes(iv), false),
    O.filter(({ length }) => length === IV_BYTES && Number.isSafeInteger(Number(seconds))),
    O.map((bytes) => ({ seconds: Number(seconds), iv: bytes })),
    E.fromOption(() => failure('Corrupt', 'The record holds a seal that the Soledad cipher did not write.')),
  )
}
