import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Bytes } from '../model/bytes'
import { keyText, type BlobKey } from '../model/ids'
import type { FileLayer } from './file-layer'
import { sharedRuns } from './shared-runs'

/** The payloads of a file store that are too large for its database: a file each, in one folder, since a folder more is two more syncs of the disk. */
export interface PayloadFiles {
  /** Begins a file. Its name is new each time: nobody reads it before a record names it, and what it replaces stays until then. */
  readonly draft: (key: BlobKey) => Promise<Draft>
  /** @returns the size in bytes; absence is `ENOENT`. */
  readonly sizeOf: (name: string) => Promise<number>
  /** @returns fewer bytes where the file ends. */
  readonly read: (name: string, from: number, to: number) => Promise<Bytes>
  readonly openBlob: (name: string) => Promise<Blob>
  /** Removes a file that no record names any more. One that cannot be removed is an orphan for the next start. */
  readonly remove: (name: string) => Promise<void>
}

/** A file on its way. `place` and `discard` end it. */
export interface Draft {
  readonly append: (parts: readonly Uint8Array[]) => Promise<void>
  /**
   * Makes bytes and name durable. Whatever fails in it leaves no file behind.
   *
   * @returns the name.
   */
  readonly place: () => Promise<string>
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
  const syncNames = sharedRuns(() => layer.syncFolder(folder))

  await layer.makeFolder(folder)
  for (const name of await layer.list(folder)) if (ours.test(name) && !named.has(name)) await remove(name)

  const draft = async (key: BlobKey): Promise<Draft> => {
    const name = freshName(key)
    const file = await layer.create(pathOf(name))
    const discard = async () => {
      await file.close().catch(() => {})
      await remove(name)
    }
    const place = async () => {
      const steps = await Promise.allSettled([file.sync().then(file.close), syncNames()])
      const failed = steps.find((step) => step.status === 'rejected')
      if (failed === undefined) return name
      await discard()
      throw failed.reason
    }
    return { append: file.append, place, discard }
  }

  return {
    draft,
    sizeOf: (name) => layer.sizeOf(pathOf(name)),
    read: (name, from, to) => layer.read(pathOf(name), from, to),
    openBlob: (name) => layer.openBlob(pathOf(name)),
    remove,
  }
}

/** A hash, because ids differ in case and disks may not. */
const freshName = (key: BlobKey): string => `${createHash('sha256').update(keyText(key)).digest('hex')}-${randomUUID()}`

/** Nothing else in the folder is touched. */
const ours = /^[0-9a-f]{64}-/
