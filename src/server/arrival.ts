import type { StoredKey } from './backend'
import type { ArrivingFile, PayloadFiles } from './payload-files'

const WRITE_BYTES = 1024 * 1024
const TAG_BYTES = 16

/** A body on its way in: kept in memory while it is small, in a temporary file from then on. */
export interface Arrival {
  readonly append: (piece: Uint8Array) => Promise<void>
  /** Ends it. With a file, it is durable and named; whoever cannot use it removes it. */
  readonly finish: (key: StoredKey) => Promise<Arrived>
  /** Forgets it; harmless after `finish`. */
  readonly discard: () => Promise<void>
}

export interface Arrived {
  readonly tag: string
  readonly content: { readonly bytes: Uint8Array; readonly file: null } | { readonly bytes: null; readonly file: string }
}

export const arrival = (files: PayloadFiles, inlineBytesMax: number): Arrival => {
  let pieces: Uint8Array[] = []
  let piecesBytes = 0
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
      tail = piece.length >= TAG_BYTES ? piece.slice(-TAG_BYTES) : Buffer.concat([tail, piece]).subarray(-TAG_BYTES)
      if (piecesBytes > (file === null ? inlineBytesMax : WRITE_BYTES)) await write()
    },
    finish: async (key) => {
      const tag = `${Buffer.from(tail).toString('base64url')}==`
      if (file === null) return { tag, content: { bytes: Buffer.concat(pieces), file: null } }
      if (piecesBytes > 0) await write()
      return { tag, content: { bytes: null, file: await file.keep(key) } }
    },
    discard: async () => {
      pieces = []
      await file?.discard()
    },
  }
}
