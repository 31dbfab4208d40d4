import type { PartFile } from './part-files'
import type { PartialUpload } from './parts'
import { BodyRefused } from './refusal'

const WRITE_BYTES = 1024 * 1024

/** So much is sent again at most after a crash: a client’s largest part. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024

/** Appends what comes to an upload. @param note makes an offset durable. @returns the offset, once it is. */
export const takeInPart = async (
  file: PartFile,
  { offset: from, sizeBytes }: PartialUpload,
  body: AsyncIterable<Uint8Array>,
  note: (offset: number) => Promise<void>,
): Promise<number> => {
  let pieces: Uint8Array[] = []
  let piecesBytes = 0
  let written = from
  let noted = from
  const write = async () => {
    await file.append(pieces)
    written += piecesBytes
    pieces = []
    piecesBytes = 0
  }
  const settle = async () => {
    await file.sync()
    if (written === noted) return
    await note(written)
    noted = written
  }
  try {
    for await (const piece of body) {
      if (written + piecesBytes + piece.length > sizeBytes) throw new BodyRefused({ _tag: 'TooLarge' })
      pieces.push(piece)
      piecesBytes += piece.length
      if (piecesBytes < WRITE_BYTES) continue
      await write()
      if (written - noted >= CHECKPOINT_BYTES) await settle()
    }
    if (piecesBytes > 0) await write()
  } finally {
    // Also what was written before a disk was full counts.
    try {
      await settle()
    } finally {
      await file.close()
    }
  }
  return written
}
