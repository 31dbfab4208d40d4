import type { Bytes } from '../model/bytes'
import { CarriedFailure } from '../model/carried-failure'
import { failure } from '../model/failure'
import { nameOf } from './browser-failure'
import { holding } from './opfs-holding'
import { pageWriter, workerWriter, type OpfsWriter } from './opfs-writer'

/**
 * The files of one store, in a folder of its own in the origin private file system. Their names are new each time, so nobody reads one
 * before a record names it. Errors of the browser are thrown.
 */
export interface OpfsFiles {
  /** Rejects with `StorageBroken` where the browser keeps no files for this page. */
  readonly ready: () => Promise<void>
  readonly create: () => Promise<OpfsFile>
  /** A file that is whole, to be read when it is asked for; absence is a `NotFoundError`. */
  readonly open: (name: string) => Promise<File>
  /** Removes a file that no record names. One that cannot be removed is cleared away by a later start. */
  readonly remove: (name: string) => Promise<void>
  /**
   * Removes what a crash left behind: files that no record names and whose writer is no more. Other tabs may be writing meanwhile.
   *
   * @param named Tells the names that records know.
   */
  readonly clear: (named: () => Promise<readonly string[]>) => Promise<void>
  readonly close: () => Promise<void>
}

/** A file on its way. */
export interface OpfsFile {
  readonly name: string
  /** Adds bytes, whose memory is taken away; the last ones make the file whole and durable. */
  readonly append: (bytes: Bytes, isLast: boolean) => Promise<void>
  /** Makes durable what is there; absent where only whole files can be. */
  readonly flush?: () => Promise<void>
  /** Lets go of it as it is. */
  readonly leave: () => Promise<void>
  readonly discard: () => Promise<void>
}

/** @param mayUseWorker False: files are written on the page. */
export const opfsFiles = (store: string, mayUseWorker: boolean): OpfsFiles => {
  const owner = crypto.randomUUID()
  let files = 0
  let folder: Promise<FileSystemDirectoryHandle> | null = null
  let preparing: Promise<OpfsWriter> | null = null
  let clearing: Promise<void> | null = null
  let disown = () => {}

  const inFolder = async <A>(run: (folder: FileSystemDirectoryHandle) => Promise<A>): Promise<A> => {
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await holding(await (folder ??= openFolder(store)), run)
      } catch (error) {
        // Once the data of the site was cleared, the folder is another one.
        folder = null
        if (!isFirst || nameOf(error) !== 'NotFoundError') throw error
      }
    }
  }

  const remove = (name: string): Promise<void> => inFolder((within) => within.removeEntry(name)).catch(() => {})

  const ready = () => inFolder(async () => {})

  const prepare = async (): Promise<OpfsWriter> => {
    try {
      await ready()
      await new Promise<void>((own, fail) => {
        const held = new Promise<void>((letGo) => (disown = letGo))
        navigator.locks.request(lockOf(owner), () => (own(), held)).catch(fail)
      })
      const onPage = () => {
        if ('createWritable' in FileSystemFileHandle.prototype) return pageWriter(inFolder)
        throw noFiles('it can write files only in a worker')
      }
      return mayUseWorker ? await workerWriter(await folderName(store)).catch(onPage) : onPage()
    } catch (error) {
      // Whoever prepares again asks for the same lock.
      disown()
      preparing = null
      throw error
    }
  }

  const create = async (): Promise<OpfsFile> => {
    const writer = await (preparing ??= prepare())
    const name = `${owner}-${files++}`
    let sizeBytes = 0
    const leave = () => writer.giveUp(name).catch(() => {})
    const { flush } = writer
    return {
      name,
      append: (bytes, isLast) => {
        const position = sizeBytes
        sizeBytes += bytes.length
        return writer.write(name, position, bytes, isLast)
      },
      ...(flush === undefined ? {} : { flush: () => flush(name) }),
      leave,
      discard: async () => {
        await leave()
        await remove(name)
      },
    }
  }

  // First the files, then who owns them, then who names them: what is written meanwhile has an owner or a name by the time that one looks.
  const clear = async (named: () => Promise<readonly string[]>): Promise<void> => {
    const found = await inFolder(namesIn)
    if (found.length === 0) return
    const { held = [] } = await navigator.locks.query()
    const locks = new Set(held.map(({ name }) => name))
    const known = new Set(await named())
    for (const name of found) if (!locks.has(lockOf(ownerOf(name))) && !known.has(name)) await remove(name)
  }

  return {
    ready,
    create,
    open: (name) => inFolder(async (within) => holding(await within.getFileHandle(name), (file) => file.getFile())),
    remove,
    clear: (named) => (clearing ??= clear(named).finally(() => (clearing = null))),
    close: async () => {
      await clearing?.catch(() => {})
      const writer = await preparing?.catch(() => null)
      writer?.close()
      disown()
    },
  }
}

/** A file's name is its owner's and a number. An owner holds a lock for as long as it lives. */
const ownerOf = (name: string): string => name.slice(0, 36)
const lockOf = (owner: string): string => `blobsync:files:${owner}`
/** Chromium keeps what a page writes in a file beside it, whose name is longer. */
const ours = /^[0-9a-f-]{36}-\d+/

const namesIn = async (folder: FileSystemDirectoryHandle): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const name of folder.keys()) if (ours.test(name)) names.push(name)
  return names
}

const openFolder = async (store: string): Promise<FileSystemDirectoryHandle> => {
  try {
    const name = await folderName(store)
    return await holding(await navigator.storage.getDirectory(), (root) => root.getDirectoryHandle(name, { create: true }))
  } catch (error) {
    if (nameOf(error) === 'NotFoundError' || nameOf(error) === 'QuotaExceededError') throw error
    throw noFiles(String(error))
  }
}

const noFiles = (reason: string) =>
  new CarriedFailure(
    failure('StorageBroken', `This browser keeps no files for this page (${reason}): use idbStore, or leave the private window.`),
  )

/** A hash, because a store's name may be longer than a file's, and differ from another's in case only. */
const folderName = async (store: string): Promise<string> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(store)))
  return `blobsync-${Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
