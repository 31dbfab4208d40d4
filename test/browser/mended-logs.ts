import { existsSync } from 'node:fs'
import { readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Cuts off what a kill left half written at the end of the logs of a browser's databases.
 *
 * Chromium keeps IndexedDB, and the names of the files of a site, in LevelDB, which writes a record in two steps: its head, then the rest.
 * Killed in between, it skips the head at the next start, writes on behind it, and takes the log for damaged at the start after that: then it
 * removes all databases of the site. No page can see or prevent that; here it would be taken for a loss of ours.
 */
export const mendLogs = async (profile: string): Promise<void> => {
  if (!existsSync(profile)) return
  for (const entry of await readdir(profile, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^\d+\.log$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const log = await readFile(path)
    const end = endOfRecords(log)
    if (end < log.length) await truncate(path, end)
  }
}

const BLOCK_BYTES = 32_768
/** A checksum, the length of the rest in two bytes, and a kind. */
const HEAD_BYTES = 7
/** The kinds of a record that is in one part, and of the last of several parts. */
const ENDS = [1, 4]

/** Where the last record that is there as a whole ends; each part of one begins with a head, and none crosses the end of a block. */
const endOfRecords = (log: Buffer): number => {
  let whole = 0
  for (let at = 0; at + HEAD_BYTES <= log.length;) {
    const leftBytes = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (leftBytes < HEAD_BYTES) {
      at += leftBytes
      continue
    }
    const end = at + HEAD_BYTES + log.readUInt16LE(at + 4)
    if (end > log.length) break
    if (ENDS.includes(log.readUInt8(at + 6))) whole = end
    at = end
  }
  return whole
}
