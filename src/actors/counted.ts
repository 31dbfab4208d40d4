import { passedOn } from '../model/streams'

/** The same bytes, counted as they come: a cipher may hold them all until the last one is there. */
export const counted = (source: ReadableStream<Uint8Array>, told: (bytes: number) => void): ReadableStream<Uint8Array> => {
  let bytes = 0
  return passedOn(source, ({ length }) => told((bytes += length)))
}
