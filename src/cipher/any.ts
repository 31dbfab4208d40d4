import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import { CarriedFailure } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { pulled } from '../model/streams'
import type { Cipher } from './cipher'
import { sourceOf, type Source } from './source'

/**
 * Encrypts with the first cipher and opens what any of them made: a blob tells by its first byte, a record by its seal. What was put
 * with another one of them before is sent as it was to be.
 *
 * @throws {RangeError} if two have the same name: a cipher that takes several secrets gets them all itself.
 */
export const anyCipher = (ciphers: readonly [Cipher, ...Cipher[]]): Cipher => {
  const [first] = ciphers
  if (new Set(ciphers.map(({ name }) => name)).size < ciphers.length) {
    throw new RangeError(
      'Two ciphers of one kind: give all secrets to one of them, as in streamingCipher(secret, { olderSecrets }).',
    )
  }
  const sealerOf = (seal = first.name) => ciphers.find(({ name }) => seal.startsWith(name)) ?? first

  return {
    name: first.name,
    plaintextBytesMax: first.plaintextBytesMax,
    encryptedBytesMax: Math.max(...ciphers.map((cipher) => cipher.encryptedBytesMax)),
    encryptedSize: (plaintextBytes, seal) => sealerOf(seal).encryptedSize(plaintextBytes, seal),
    seal: first.seal,
    contentId: first.contentId,
    recognises: (firstByte) => ciphers.some((cipher) => cipher.recognises(firstByte)),
    canResume: (seal) => sealerOf(seal).canResume?.(seal) ?? false,
    encrypt: (key, seal, payload, range) => sealerOf(seal).encrypt(key, seal, payload, range),
    decrypt: (key, body, tag, sink, resume) => async () => {
      // In the middle of a blob no byte tells.
      if (resume?.from) return sealerOf(resume.from.seal).decrypt(key, body, tag, sink, resume)()
      const source = sourceOf(body, Infinity)
      const head = await firstPiece(source)
      if (E.isLeft(head)) return head
      const [firstByte = 0] = head.right
      const maker = ciphers.find((cipher) => cipher.recognises(firstByte))
      if (maker !== undefined) return maker.decrypt(key, whole(head.right, source), tag, sink, resume)()
      source.cancel()
      return E.left(failure('Tampered', 'What the remote holds begins as no blob of these ciphers does.'))
    },
  }
}

const firstPiece = async (source: Source): Promise<E.Either<Failure, Uint8Array>> => {
  for (;;) {
    const piece = await source.next()
    if (E.isLeft(piece)) return piece
    if (O.isNone(piece.right)) return E.left(failure('Unreachable', 'The transfer ended before it began.'))
    if (piece.right.value.length > 0) return E.right(piece.right.value)
  }
}

/** The body as it was before its first piece was taken. */
const whole = (head: Uint8Array, source: Source): ReadableStream<Uint8Array> =>
  pulled({
    givesAway: source.givesAway,
    first: head,
    next: async () => {
      const piece = await source.next()
      if (E.isLeft(piece)) throw new CarriedFailure(piece.left)
      return O.toNullable(piece.right)
    },
    cancel: source.cancel,
  })
