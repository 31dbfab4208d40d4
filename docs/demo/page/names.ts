import { clear, createStore, del, entries, set } from 'idb-keyval'
import type { BlobSync } from 'blobsync'
import { headOf, type FileHeader } from './envelope'

/** What the page remembers of a file, so that its list needs no payload. */
export interface Name extends FileHeader {
  readonly sizeBytes: number
  /** When this device first had it: the list's order. */
  readonly seenAtMs: number
  /** Small, made when it was first shown; null until then, or where none can be made. */
  readonly thumbnail: Blob | null
}

export interface Names {
  readonly ready: Promise<void>
  readonly get: (id: string) => Name | undefined
  readonly note: (id: string, name: Name) => void
  readonly forget: (id: string) => void
  /** Reads the name out of a payload that is here; what cannot be read now stays unknown. */
  readonly learn: (id: string, seenAtMs: number) => Promise<void>
}

/**
 * A copy of what the blobs say themselves: whatever of it is lost is read again.
 *
 * @param place Names the database, one for each device.
 * @param onChange Called after each change.
 */
export const namesIn = (place: string, blobs: BlobSync, onChange: () => void): Names => {
  const store = createStore(place, 'names')
  const known = new Map<string, Name>()
  const asked = new Map<string, Promise<void>>()
  // A full or closed database costs the copy, nothing else.
  const quietly = (writing: Promise<void>) => void writing.catch(() => {})

  const note = (id: string, name: Name) => {
    known.set(id, name)
    quietly(set(id, name, store))
    onChange()
  }

  const read = async (id: string, seenAtMs: number): Promise<void> => {
    const blob = await blobs.get(id)
    const { header, bytes } = (await headOf(blob)) ?? { header: { name: 'Without a name', type: '', lastModified: 0 }, bytes: 0 }
    note(id, { ...header, sizeBytes: blob.size - bytes, seenAtMs, thumbnail: null })
  }

  return {
    ready: entries<string, Name>(store).then(
      (all) => all.forEach(([id, name]) => known.set(id, name)),
      () => quietly(clear(store)),
    ),
    get: (id) => known.get(id),
    note,
    forget: (id) => {
      known.delete(id)
      quietly(del(id, store))
    },
    learn: (id, seenAtMs) => {
      const asking =
        asked.get(id) ??
        read(id, seenAtMs)
          .catch(() => {})
          .finally(() => asked.delete(id))
      asked.set(id, asking)
      return asking
    },
  }
}
