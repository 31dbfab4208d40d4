import type { StoredKey } from './backend'
import type { ArrivingFile, PayloadFiles } from './payload-files'

const WRITE_BYTES = 1024 * 1024
const TAG_BYTES = 16

/** A body on its way in: kept in memory while it is small, in a temporary file from then on. */
export interface Arrival {
  readonly append: (piece: Uint8Array) => Promise<void>
  /**
   * Ends it. With a file, it is durable and named; whoever cannot use it removes it.
   *
   * @param prefix what takes the room that was kept for it.
   */
  readonly finish: (key: StoredKey, prefix: Uint8Array) => Promise<Arrived>
  /** Forgets it; harmless after `finish`. */
  readonly discard: () => Promise<void>
}

export interface Arrived {
  readonly tag: string
  /** Prefix included. */
  readonly sizeBytes: number
  readonly content: { readonly bytes: Uint8Array; readonly file: null } | { readonly bytes: null; readonly file: string }
}

/** @param prefixBytes room kept for what is known only at the end but stands at the start. */
export const arrival = (files: PayloadFiles, inlineBytesMax: number, prefixBytes: number): Arrival => {
  const room = new Uint8Array(prefixBytes)
  let pieces: Uint8Array[] = prefixBytes > 0 ? [room] : []
  let piecesBytes = prefixBytes
  let sizeBytes = prefixBytes
  let tail: Uint8Array = new Uint8Array()
  let file: ArrivingFile | null = null

  const write = async () => {
    file ??= await files.begin()
    await file.append(pieces)
    pieces = []
    piecesBytes = 0
  }

  return {
    append: async (piece) => {
      if (piece.length === 0) return
      pieces.push(piece)
      piecesBytes += piece.length
      sizeBytes += piece.length
      tail = piece.length >= TAG_BYTES ? piece.slice(-TAG_BYTES) : Buffer.concat([tail, piece]).subarray(-TAG_BYTES)
      if (piecesBytes > (file === null ? inlineBytesMax : WRITE_BYTES)) await write()
    },
    finish: async (key, prefix) => {
      room.set(prefix)
      const tag = `${Buffer.concat([room, tail]).subarray(-TAG_BYTES).toString('base64url')}==`
      if (file === null) return { tag, sizeBytes, content: { bytes: Buffer.concat(pieces), file: null } }
      if (piecesBytes > 0) await write()
      if (prefixBytes > 0) await file.overwrite(room)
      return { tag, sizeBytes, content: { bytes: null, file: await file.keep(key) } }
    },
    discard: async () => {
      pieces = []
      await file?.discard()
    },
  }
}
