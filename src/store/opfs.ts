import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { systemClock, type Clock } from '../clock'
import type { Bytes } from '../model/bytes'
import { failure, type Failure } from '../model/failure'
import { keyText, type BlobKey } from '../model/ids'
import { blobPayload, bytesPayload, type Payload } from '../model/payload'
import { keysBelow, openBrowserDatabase, type BrowserDatabase } from './browser-database'
import { browserElsewhere } from './browser-elsewhere'
import { attempt, nameOf } from './browser-failure'
import { gone, namesOf, Pieces, type Piece } from './browser-kept'
import type { Draft, Placed, Placement } from './browser-placement'
import { browserStore, type BrowserStoreOptions } from './browser-store'
import { opfsFiles, type OpfsFile, type OpfsFiles } from './opfs-files'
import type { Store } from './store'

export interface OpfsStoreOptions extends BrowserStoreOptions {
  /** The largest payload, in bytes, that rests in the database with its record; a larger one is a file. @default 524288 */
  readonly inlineBytesMax?: number
  /** Whether files are written in a worker, which is made from a `blob:` URL; where that is forbidden, the page writes them. @default true */
  readonly worker?: boolean
  /** Times the opening, which another tab may hold up. @default the system's */
  readonly clock?: Clock
}

/**
 * A store in the browser, for all tabs of a site: large payloads are files in the origin private file system, records and small
 * payloads are in IndexedDB. It reads what an `idbStore` of the same name wrote.
 *
 * Where the browser keeps no files for the page, as in some private windows, `records` fails as `StorageBroken`.
 *
 * @param name Of the database, which is this store's alone.
 */
export const opfsStore = (name: string, options: OpfsStoreOptions = {}): Store => {
  const { inlineBytesMax = INLINE_BYTES_MAX, worker = true, clock = systemClock } = options
  const database = openBrowserDatabase(name, clock)
  const files = opfsFiles(name, worker)
  // The lock between tabs is about the database, whichever kind of store opens it.
  const store = browserStore(`idb:${name}`, database, placementIn(database, files, inlineBytesMax), options)
  const ready = () => attempt('Opening the files of the store', async () => E.right(await files.ready()))
  return {
    ...store,
    records: () => TE.flatMap(() => store.records())(ready),
  }
}

const placementIn = (database: BrowserDatabase, files: OpfsFiles, inlineBytesMax: number): Placement => {
  const elsewhere = browserElsewhere(database)
  const placed = (key: BlobKey, pieces: readonly Piece[], kept: readonly Piece[] = []): Placed => {
    const names = namesOf(pieces)
    return {
      value: valueOf(pieces),
      elsewhere: names,
      // A commit that seemed to fail may yet have been made: then the files are named.
      discard: async () => {
        const named = [...(await elsewhere.namesFor(key)), ...namesOf(kept)]
        for (const name of names) if (!named.includes(name)) await files.remove(name)
      },
    }
  }

  const toFile = async (key: BlobKey, payload: Payload): Promise<E.Either<Failure, Placed>> => {
    const file = await files.create()
    try {
      for (let from = 0, to = 0; ; from = to) {
        to = Math.min(from + PART_BYTES, payload.sizeBytes)
        const part = await payload.read(from, to)()
        if (E.isLeft(part)) {
          await file.discard()
          return part
        }
        // The payload's own memory stays with it.
        await file.append(part.right.slice(), to === payload.sizeBytes)
        if (to === payload.sizeBytes) return E.right(placed(key, [{ at: file.name, sizeBytes: to }]))
      }
    } catch (error) {
      await file.discard()
      throw error
    }
  }

  const blobOf = async (pieces: readonly Piece[]): Promise<Blob | null> => {
    const parts: Blob[] = []
    for (const { at, sizeBytes } of pieces) {
      const found = await files.open(at)
      if (found.size < sizeBytes) return null
      parts.push(found.slice(0, sizeBytes))
    }
    return new Blob(parts)
  }

  const blobIfThere = (pieces: readonly Piece[]): Promise<Blob | null> =>
    blobOf(pieces).catch((error) => (nameOf(error) === 'NotFoundError' ? null : Promise.reject(error)))

  const draft = async (key: BlobKey, kept: readonly Piece[]): Promise<Draft> => {
    /** Files that are whole, or may be read as far as they count. */
    const pieces = [...kept]
    const own: OpfsFile[] = []
    let file: OpfsFile | null = null
    let fileBytes = 0

    const closeFile = async () => {
      if (file === null) return
      await file.append(new Uint8Array(0), true)
      pieces.push({ at: file.name, sizeBytes: fileBytes })
      file = null
      fileBytes = 0
    }

    return {
      append: async (bytes) => {
        if (file === null) own.push((file = await files.create()))
        const { length } = bytes
        await file.append(bytes, false)
        fileBytes += length
        return E.right(undefined)
      },
      keep: async () => {
        if (file?.flush === undefined) await closeFile()
        if (file === null) return [...pieces]
        await file.flush?.()
        return [...pieces, { at: file.name, sizeBytes: fileBytes }]
      },
      end: async (stay) => {
        await closeFile()
        return (await blobIfThere(pieces)) === null ? gone : E.right(placed(key, pieces, stay))
      },
      discard: async (stay) => {
        const staying = namesOf(stay)
        for (const each of own) await (staying.includes(each.name) ? each.leave() : each.discard())
      },
    }
  }

  return {
    place: async (key, payload) =>
      payload.sizeBytes <= inlineBytesMax
        ? E.map((value: Bytes): Placed => ({ value }))(await payload.read()())
        : toFile(key, payload),
    payloadAt: async (key, value) => {
      if (isBytes(value)) return E.right(bytesPayload(value))
      if (value instanceof Blob) return E.right(blobPayload(value))
      if (InFile.is(value)) return payloadIn(key, value.sizeBytes, async () => wholeFile(await files.open(value.file)))
      return InFiles.is(value)
        ? payloadIn(key, value.sizeBytes, () => blobOf(value.pieces))
        : E.left(failure('Corrupt', `The payload of ${keyText(key)} is damaged.`))
    },
    draftBytes: Math.max(PART_BYTES, inlineBytesMax + 1),
    draft,
    blobOf: blobIfThere,
    // Nobody else's draft can be committed after this unless it is kept, whose file is cleared away once its writer is gone; those of an idbStore lie in the database.
    forgetDrafts: (kept) => (objects) => {
      kept.learn(objects, () => {})
      objects.delete(keysBelow('s/'))
      const named = async () => [...(await elsewhere.names()), ...(await kept.names())]
      // What could not be cleared away waits for the next one who leads.
      return () => void files.clear(named).catch(() => {})
    },
    elsewhere,
    release: files.remove,
    close: files.close,
  }
}

/** What the database keeps for a payload in a file. */
const InFile = t.type({ file: t.string, sizeBytes: t.number })
type InFile = t.TypeOf<typeof InFile>

/** For one that was gone on with where it was cut: it lies in several. */
const InFiles = t.type({ pieces: Pieces, sizeBytes: t.number })
type InFiles = t.TypeOf<typeof InFiles>

const valueOf = (pieces: readonly Piece[]): InFile | InFiles => {
  const [first] = pieces
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0)
  return first !== undefined && pieces.length === 1 ? { file: first.at, sizeBytes } : { pieces, sizeBytes }
}

/** A slice of all has neither the name nor the date of the file. */
const wholeFile = (file: File): Blob => file.slice()

const payloadIn = async (
  key: BlobKey,
  sizeBytes: number,
  open: () => Promise<Blob | null>,
): Promise<E.Either<Failure, Payload>> => {
  try {
    const found = await open()
    return found?.size === sizeBytes
      ? E.right(blobPayload(found))
      : E.left(failure('Corrupt', `The file of ${keyText(key)} holds ${found?.size ?? 'fewer'} bytes instead of ${sizeBytes}.`))
  } catch (error) {
    if (nameOf(error) !== 'NotFoundError') throw error
    return E.left(failure('Corrupt', `The record of ${keyText(key)} names a payload, but its file is gone.`))
  }
}

/** What a page puts is its own, and never shared memory. */
const isBytes = (value: unknown): value is Bytes => value instanceof Uint8Array

const INLINE_BYTES_MAX = 512 * 1024

/** A large payload passes through memory in parts of this size. */
const PART_BYTES = 1024 * 1024
