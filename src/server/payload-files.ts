import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StoredKey } from './backend'

/** Payloads too large for the database, as plain files: `payloads/<2 hex>/<hash of the key>.<8 hex>`, exactly the stored bytes. */
export interface PayloadFiles {
  /** Removes what a crash left: files that are incomplete, and those that nobody names. */
  readonly sweep: (isNamed: (name: string) => boolean) => Promise<void>
  readonly begin: () => Promise<ArrivingFile>
  /** A name that no other payload has. */
  readonly nameFor: (key: StoredKey) => string
  /** Moves a file that is durable here, under that name. Durable when it resolves. */
  readonly adopt: (path: string, name: string) => Promise<void>
  /** Makes durable what a folder names. */
  readonly syncFolder: (path: string) => Promise<void>
  readonly path: (name: string) => string
  readonly remove: (name: string) => Promise<void>
}

/** A file that nobody can read yet. */
export interface ArrivingFile {
  readonly append: (pieces: readonly Uint8Array[]) => Promise<void>
  /** Puts these bytes in the place of the first ones. */
  readonly overwrite: (bytes: Uint8Array) => Promise<void>
  /** Syncs and names it. @returns the name. Durable when it resolves. */
  readonly keep: (key: StoredKey) => Promise<string>
  readonly discard: () => Promise<void>
}

export const payloadFiles = async (root: string): Promise<PayloadFiles> => {
  const arriving = join(root, 'arriving')
  const payloads = join(root, 'payloads')
  await mkdir(arriving, { recursive: true })
  await mkdir(payloads, { recursive: true })
  await syncDirectory(root)

  const path = (name: string) => payloadPath(root, name)
  const remove = (name: string) => rm(path(name), { force: true })
  const nameFor = (key: StoredKey) => `${hashOf(key)}.${randomBytes(4).toString('hex')}`
  const adopt = async (from: string, name: string) => {
    const folder = join(payloads, name.slice(0, 2))
    if ((await mkdir(folder, { recursive: true })) !== undefined) await syncDirectory(payloads)
    await rename(from, path(name))
    await syncDirectory(folder)
  }

  return {
    path,
    remove,
    nameFor,
    adopt,
    syncFolder: syncDirectory,
    sweep: async (isNamed) => {
      await rm(arriving, { recursive: true, force: true })
      await mkdir(arriving)
      for (const folder of await readdir(payloads)) {
        const names = await readdir(join(payloads, folder))
        await Promise.all(names.filter((name) => !isNamed(name)).map(remove))
      }
    },
    begin: async () => {
      const temporary = join(arriving, randomUUID())
      const handle = await open(temporary, 'wx')
      return {
        append: (pieces) => handle.writeFile(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
        overwrite: async (bytes) => {
          // One call may write a part only, when the disk is nearly full.
          for (let done = 0; done < bytes.length;)
            done += (await handle.write(bytes, done, bytes.length - done, done)).bytesWritten
        },
        keep: async (key) => {
          await handle.sync()
          await handle.close()
          const name = nameFor(key)
          await adopt(temporary, name)
          return name
        },
        discard: async () => {
          await handle.close()
          await rm(temporary, { force: true })
        },
      }
    },
  }
}

export const payloadPath = (root: string, name: string): string => join(root, 'payloads', name.slice(0, 2), name)

/** Ids differ in case where disks may not, so names are hashes of the whole key. */
const hashOf = ({ user, namespace, id }: StoredKey) => createHash('sha256').update(`${user}/${namespace}/${id}`).digest('hex')

const syncDirectory = async (path: string) => {
  // Windows cannot open a directory; its renames are durable without.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
