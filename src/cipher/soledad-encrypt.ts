import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { CarriedFailure } from '../model/carried-failure'
import { failure, type Failure } from '../model/failure'
import { giveBack, type Payload } from '../model/payload'
import { encodeBase64url } from './base64url'
import { concatenated, type Bytes } from '../model/bytes'
import type { Encrypted } from './cipher'
import { TAG_BYTES, type GcmEngine, type Sealer } from './gcm'
import { PREAMBLE_CHARACTERS, preambleText, SEPARATOR, writePreamble } from './preamble'
import type { Seal } from './seal'

/** What the encrypted bytes are longer than the plaintext: preamble, separator, tag. */
export const OVERHEAD_BYTES = PREAMBLE_CHARACTERS + 1 + TAG_BYTES

/** Larger payloads are encrypted as they are read, where the engine can: copying them into one piece would cost more than a stream. */
const WHOLE_BYTES_MAX = 64 * 1024

/** How much of a payload is read at a time. */
const SLICE_BYTES = 1024 * 1024

/** Encrypts one payload as preamble, a space, ciphertext and tag. Its limits are checked before. */
export const encryptBlob = async (
  engine: GcmEngine,
  given: { readonly key: Bytes; readonly id: string; readonly seal: Seal; readonly sizeField: number },
  payload: Payload,
): Promise<E.Either<Failure, Encrypted>> => {
  const { key, id, seal, sizeField } = given
  const preamble = writePreamble({ id, iv: seal.iv, seconds: seal.seconds, sizeField })
  const head = concatenated(preambleText(preamble), Uint8Array.of(SEPARATOR))
  const sealer = engine.sealer(key, seal.iv, preamble)
  if (engine.isStreaming && payload.sizeBytes > WHOLE_BYTES_MAX) return E.right(streamed(head, sealer, payload))

  const plaintext = await payload.read()()
  return E.isLeft(plaintext) ? plaintext : E.right(await whole(head, sealer, plaintext.right))
}

const whole = async (head: Bytes, sealer: Sealer, plaintext: Bytes): Promise<Encrypted> => {
  const first = sealer.update(plaintext)
  const { rest, tag } = await sealer.finish()
  const body = concatenated(head, first, rest, tag)
  return { sizeBytes: body.length, body, tag: TE.right(encodeBase64url(tag, true)) }
}

const streamed = (head: Bytes, sealer: Sealer, payload: Payload): Encrypted => {
  let tagText: E.Either<Failure, string> = E.left(failure('Aborted', 'The encrypted bytes were not read to their end.'))
  let position = 0

  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(head),
      pull: async (controller) => {
        const slice = await payload.read(position, Math.min(position + SLICE_BYTES, payload.sizeBytes))()
        if (E.isLeft(slice)) return controller.error(new CarriedFailure(slice.left))
        position += slice.right.length
        controller.enqueue(sealer.update(slice.right))
        giveBack(payload, slice.right)
        if (position < payload.sizeBytes) return undefined
        const { rest, tag } = await sealer.finish()
        tagText = E.right(encodeBase64url(tag, true))
        controller.enqueue(concatenated(rest, tag))
        return controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return { sizeBytes: payload.sizeBytes + OVERHEAD_BYTES, body, tag: async () => tagText }
}
