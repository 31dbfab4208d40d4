import { constants } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PayloadFiles } from './payload-files'

const TAG_BYTES = 16

/** The bytes of uploads that are not whole yet: `uploads/<name>`, under the name that they will have as a payload. */
export interface PartFiles {
  /** Removes files that nobody names. */
  readonly sweep: (isNamed: (name: string) => boolean) => Promise<void>
  /** Opens it behind so many bytes and forgets any that follow; null if fewer are there. */
  readonly open: (name: string, offset: number) => Promise<PartFile | null>
  /** Makes a payload of it; durable when it resolves. Harmless if it is one. @returns its tag; null if it has not so many bytes. */
  readonly publish: (name: string, sizeBytes: number) => Promise<string | null>
  /** Removes it, whichever it is. */
  readonly remove: (name: string) => Promise<void>
}

export interface PartFile {
  readonly append: (bytes: Uint8Array) => Promise<void>
  /** Makes what was appended durable. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

export const partFiles = async (root: string, payloads: PayloadFiles): Promise<PartFiles> => {
  const folder = join(root, 'uploads')
  await mkdir(folder, { recursive: true })
  await payloads.syncFolder(root)
  const path = (name: string) => join(folder, name)

  return {
    sweep: async (isNamed) => {
      for (const name of await readdir(folder)) if (!isNamed(name)) await rm(path(name), { force: true })
    },

    open: async (name, offset) => {
      // A file is made with the first bytes only, so that nothing lies about for uploads that never began.
      const flags = offset === 0 ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR
      const handle = await open(path(name), flags, 0o600).catch(ifMissing)
      if (handle === null) return null
      try {
        const { size } = await handle.stat()
        if (size > offset) await handle.truncate(offset)
        if (offset === 0) await payloads.syncFolder(folder)
        let end = offset
        if (size >= offset)
          return {
            append: async (bytes) => {
              // One call may write a part only, when the disk is nearly full.
              for (let done = 0; done < bytes.length;) {
                const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, end)
                end += bytesWritten
                done += bytesWritten
              }
            },
            sync: () => handle.datasync(),
            close: () => handle.close(),
          }
        await handle.close()
        return null
      } catch (error) {
        await handle.close()
        throw error
      }
    },

    publish: async (name, sizeBytes) => {
      const published = await tagOf(payloads.path(name), sizeBytes)
      if (published !== null) return published
      const tag = await tagOf(path(name), sizeBytes)
      if (tag !== null) await payloads.adopt(path(name), name)
      return tag
    },

    remove: async (name) => {
      await rm(path(name), { force: true })
      await payloads.remove(name)
    },
  }
}

/** The last bytes of a file of that size; null if it is of another, or none. */
const tagOf = async (path: string, sizeBytes: number): Promise<string | null> => {
  const handle = await open(path, 'r').catch(ifMissing)
  if (handle === null) return null
  try {
    if ((await handle.stat()).size !== sizeBytes) return null
    const { buffer } = await handle.read(Buffer.alloc(TAG_BYTES), 0, TAG_BYTES, sizeBytes - TAG_BYTES)
    return `${buffer.toString('base64url')}==`
  } finally {
    await handle.close()
  }
}

const ifMissing = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}
