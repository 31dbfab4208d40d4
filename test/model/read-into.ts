import { concatenated, type Bytes } from '../../src/model/bytes'

/** All bytes of a byte stream, read into memory of one's own. */
export const readInto = async (body: ReadableStream<Uint8Array>): Promise<Bytes> => {
  const parts: Uint8Array[] = []
  const reader = body.getReader({ mode: 'byob' })
  const next = () => reader.read(new Uint8Array(1000))
  for (let piece = await next(); !piece.done; piece = await next()) parts.push(piece.value)
  return concatenated(...parts)
}
