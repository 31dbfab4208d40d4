import type { PartFile } from './part-files'
import type { PartialUpload } from './parts'
import { BodyRefused } from './refusal'

/** For larger calls at such even places the kernel takes larger blocks of memory, which cost more where a host has to give them. */
const WRITE_BYTES = 128 * 1024

/** So much is sent again at most after a crash: a client’s largest part. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024

/** Appends what comes to an upload. @param note makes an offset durable. @returns the offset, once it is. */
export const takeInPart = async (
  file: PartFile,
  { offset: from, sizeBytes }: PartialUpload,
  body: AsyncIterable<Uint8Array>,
  note: (offset: number) => Promise<void>,
): Promise<number> => {
  const room = new Uint8Array(Math.min(WRITE_BYTES, sizeBytes - from))
  let filled = 0
  let written = from
  let noted = from
  const write = async () => {
    await file.append(room.subarray(0, filled))
    written += filled
    filled = 0
  }
  const settle = async () => {
    await file.sync()
    if (written === noted) return
    await note(written)
    noted = written
  }
  try {
    for await (const piece of body) {
      if (written + filled + piece.length > sizeBytes) throw new BodyRefused({ _tag: 'TooLarge' })
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + room.length - filled)
        room.set(part, filled)
        filled += part.length
        at += part.length
        if (filled < room.length) continue
        await write()
        if (written - noted >= CHECKPOINT_BYTES) await settle()
      }
    }
    if (filled > 0) await write()
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
