import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { keyText, type BlobKey } from '../model/ids'
import type { FileLayer } from './file-layer'

/** The payloads of a file store that are too large for its database: a file each, in one folder, since a folder more is two more syncs of the disk. */
export interface PayloadFiles {
  /** Begins a file that has no name yet under which anyone reads. */
  readonly draft: () => Promise<Draft>
  readonly open: (name: string) => Promise<Blob>
  /** Removes a file that no record names any more. One that cannot be removed is an orphan for the next start. */
  readonly remove: (name: string) => Promise<void>
}

/** A file on its way. `place` and `discard` end it. */
export interface Draft {
  readonly append: (bytes: Uint8Array) => Promise<void>
  /**
   * Makes bytes and name durable. The name is new each time: what it replaces stays until the record names the new one.
   * Whatever fails in it leaves no file behind.
   *
   * @returns the name.
   */
  readonly place: (key: BlobKey) => Promise<string>
  readonly discard: () => Promise<void>
}

/** Prepares the folders and removes what a crash left behind: drafts, and files that no record names. */
export const openPayloadFiles = async (
  directory: string,
  layer: FileLayer,
  named: ReadonlySet<string>,
): Promise<PayloadFiles> => {
  const draftFolder = join(directory, 'drafts')
  const payloadFolder = join(directory, 'payloads')
  await layer.makeFolder(draftFolder)
  await layer.makeFolder(payloadFolder)
  // Their names are made durable by the sync of the whole folder that follows.
  for (const name of await layer.list(draftFolder)) await removeQuietly(layer, join(draftFolder, name))
  for (const name of await layer.list(payloadFolder))
    if (ours.test(name) && !named.has(name)) await removeQuietly(layer, join(payloadFolder, name))

  const draft = async (): Promise<Draft> => {
    const path = join(draftFolder, randomUUID())
    const file = await layer.create(path)
    const discard = async () => {
      await file.close().catch(() => {})
      await removeQuietly(layer, path)
    }
    const place = async (key: BlobKey) => {
      const name = freshName(key)
      try {
        await file.sync()
        await file.close()
        await layer.rename(path, join(payloadFolder, name))
      } catch (error) {
        await discard()
        throw error
      }
      try {
        await layer.syncFolder(payloadFolder)
      } catch (error) {
        await removeQuietly(layer, join(payloadFolder, name))
        throw error
      }
      return name
    }
    return { append: file.append, place, discard }
  }

  return {
    draft,
    open: (name) => layer.openBlob(join(payloadFolder, name)),
    remove: (name) => removeQuietly(layer, join(payloadFolder, name)),
  }
}

/** A hash, because ids differ in case and disks may not. */
const freshName = (key: BlobKey): string => `${createHash('sha256').update(keyText(key)).digest('hex')}-${randomUUID()}`

/** Nothing else in the folder is touched. */
const ours = /^[0-9a-f]{64}-/

const removeQuietly = (layer: FileLayer, path: string): Promise<void> => layer.remove(path).catch(() => {})
