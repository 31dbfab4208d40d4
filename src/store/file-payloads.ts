import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Bytes } from '../model/bytes'
import { keyText, type BlobKey } from '../model/ids'
import type { FileLayer, OpenFile } from './file-layer'
import { sharedRuns } from './shared-runs'

/** The payloads of a file store that are too large for its database: a file each, in one folder, since a folder more is two more syncs of the disk. */
export interface PayloadFiles {
  /** Begins a file. Its name is new each time: nobody reads it before a record names it, and what it replaces stays until then. */
  readonly draft: (key: BlobKey) => Promise<Draft>
  /** Goes on with a file of which this many bytes count. Absence is `ENOENT`. */
  readonly goOn: (name: string, sizeBytes: number) => Promise<Draft>
  /** @returns the size in bytes; absence is `ENOENT`. */
  readonly sizeOf: (name: string) => Promise<number>
  /** @returns fewer bytes where the file ends. */
  readonly read: (name: string, from: number, to: number) => Promise<Bytes>
  readonly openBlob: (name: string) => Promise<Blob>
  /**
   * Removes a file that no record names any more. One that cannot be removed is an orphan for the next start; a draft that is being
   * written is left to who writes it.
   */
  readonly remove: (name: string) => Promise<void>
}

/** A file on its way. `close`, `place` and `discard` end it. */
export interface Draft {
  readonly name: string
  readonly append: (parts: readonly Uint8Array[]) => Promise<void>
  /** Makes bytes and name durable. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
  /** Makes bytes and name durable, and lets go. Whatever fails in it ends the draft all the same. */
  readonly place: () => Promise<void>
  readonly discard: () => Promise<void>
}

/** Prepares the folder and removes what a crash left behind: files that no record names. */
export const openPayloadFiles = async (
  directory: string,
  layer: FileLayer,
  named: ReadonlySet<string>,
): Promise<PayloadFiles> => {
  const folder = join(directory, 'payloads')
  const pathOf = (name: string) => join(folder, name)
  const remove = (name: string) => layer.remove(pathOf(name)).catch(() => {})
  const beingWritten = new Set<string>()
  const syncNames = sharedRuns(() => layer.syncFolder(folder))

  await layer.makeFolder(folder)
  for (const name of await layer.list(folder)) if (ours.test(name) && !named.has(name)) await remove(name)

  const draftOf = (name: string, file: OpenFile): Draft => {
    let isNameSynced = false
    beingWritten.add(name)
    const close = () => {
      beingWritten.delete(name)
      return file.close()
    }
    const sync = async () => {
      const steps = await Promise.allSettled([file.sync(), isNameSynced ? null : syncNames()])
      for (const step of steps) if (step.status === 'rejected') throw step.reason
      isNameSynced = true
    }
    return {
      name,
      append: file.append,
      sync,
      close,
      place: async () => {
        try {
          await sync()
        } catch (error) {
          await close().catch(() => {})
          throw error
        }
        await close()
      },
      discard: async () => {
        await close().catch(() => {})
        await remove(name)
      },
    }
  }

  const draft = async (key: BlobKey): Promise<Draft> => {
    const name = freshName(key)
    return draftOf(name, await layer.create(pathOf(name)))
  }

  return {
    draft,
    goOn: async (name, sizeBytes) => draftOf(name, await layer.reopen(pathOf(name), sizeBytes)),
    sizeOf: (name) => layer.sizeOf(pathOf(name)),
    read: (name, from, to) => layer.read(pathOf(name), from, to),
    openBlob: (name) => layer.openBlob(pathOf(name)),
    remove: async (name) => (beingWritten.has(name) ? undefined : remove(name)),
  }
}

/** A hash, because ids differ in case and disks may not. */
const freshName = (key: BlobKey): string => `${createHash('sha256').update(keyText(key)).digest('hex')}-${randomUUID()}`

/** Nothing else in the folder is touched. */
const ours = /^[0-9a-f]{64}-/
