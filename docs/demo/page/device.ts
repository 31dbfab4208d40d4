import { createBlobSync, isBlobSyncError, type BlobSync, type BlobSyncOptions, type BlobView, type Store } from 'blobsync'
import { soledadCipher } from 'blobsync/cipher/soledad'
import { httpRemote } from 'blobsync/remote/http'
import { secretBytes, type Person } from './account'
import { overheadBytes, seal } from './envelope'
import { looker } from './look'
import { namesIn, type Name, type Names } from './names'
import { newWire, type Wire } from './wire'
import { workTracker, type Progress } from './work'

export type Letter = 'a' | 'b'

/** A file and the path under which a folder had it. */
export interface Given {
  readonly file: File
  readonly path: string
}

/** One blob in a device's list. */
export interface Item {
  readonly id: string
  readonly view: BlobView
  readonly name: Name | undefined
}

export interface Device {
  readonly letter: Letter
  readonly label: string
  readonly blobs: BlobSync
  readonly wire: Wire
  readonly names: Names
  /** The newest first. */
  readonly items: () => readonly Item[]
  readonly progress: () => Progress
  /** Files that are being put: how many of how many; null if none are. */
  readonly adding: () => { readonly done: number; readonly total: number } | null
  /** @returns what could not be put, in words. */
  readonly add: (given: readonly Given[]) => Promise<readonly string[]>
  readonly setPaused: (isPaused: boolean) => void
  /** The app's answer to a new token, more quota, more room. */
  readonly goOn: () => void
  readonly look: () => void
  readonly subscribe: (listener: () => void) => void
}

export interface DeviceOptions {
  readonly letter: Letter
  readonly person: Person
  readonly store: Store
  readonly inspect: NonNullable<BlobSyncOptions['inspect']>
}

/** Puts at once: each reads its file twice, for its id and its bytes. */
const PUTS_AT_ONCE = 6

/** One device: a store, an engine and a wire of its own, as it would be on a machine of its own. */
export const openDevice = ({ letter, person, store, inspect }: DeviceOptions): Device => {
  const wire = newWire()
  const token = async () => {
    if (wire.isOn('expired')) throw new Error('Signed out.')
    return person.token
  }
  const blobs = createBlobSync({
    store,
    remote: httpRemote({ url: new URL('/server/', location.href).href, user: person.user, token, fetch: wire.fetch }),
    cipher: soledadCipher(secretBytes(person)),
    connectivity: wire.connectivity,
    inspect,
  })
  const work = workTracker()
  const views = new Map<string, BlobView>()
  const firstSeenMs = new Map<string, number>()
  const listeners = new Set<() => void>()
  let sorted: readonly string[] | null = null
  let adding: { done: number; total: number } | null = null

  const tell = () => listeners.forEach((listener) => listener())
  const names = namesIn(`${person.user}-${letter}-names`, blobs, () => {
    sorted = null
    tell()
  })

  const note = (view: BlobView) => {
    const isGone = view.status === 'DELETED' || (view.status === 'PENDING_DELETE' && view.phase === 'resting')
    work.note(view)
    if (isGone) {
      if (views.delete(view.id)) sorted = null
      names.forget(view.id)
      return
    }
    if (!views.has(view.id)) {
      firstSeenMs.set(view.id, names.get(view.id)?.seenAtMs ?? Date.now())
      sorted = null
    }
    views.set(view.id, view)
  }
  const noteAndTell = (view: BlobView) => {
    note(view)
    tell()
  }
  const noteAll = () => {
    const listed = blobs.list()
    const left = new Set(views.keys())
    for (const view of listed) {
      left.delete(view.id)
      note(view)
    }
    for (const id of left) views.delete(id)
    sorted = null
    tell()
  }
  blobs.on('blob.changed', noteAndTell)
  blobs.on('blob.added', noteAndTell)
  blobs.on('blob.deleted', noteAndTell)
  blobs.on('blob.trashed', ({ id }) => {
    views.delete(id)
    names.forget(id)
    sorted = null
    tell()
  })
  let lastReconciliation = ''
  blobs.subscribe((snapshot) => {
    // A comparison brings blobs of which no event tells until they move.
    if (snapshot.reconciliation === 'idle' && lastReconciliation !== 'idle') noteAll()
    lastReconciliation = snapshot.reconciliation
    if (snapshot.active === 0) work.reset()
    tell()
  })
  wire.subscribe(tell)
  const { look } = looker(blobs)
  void Promise.all([blobs.ready, names.ready]).then(() => {
    noteAll()
    look()
  })

  const seenAtMs = (id: string) => names.get(id)?.seenAtMs ?? firstSeenMs.get(id) ?? 0

  const put = async ({ file, path }: Given, seenAtMs: number): Promise<string | null> => {
    const header = { name: path, type: file.type, lastModified: file.lastModified }
    try {
      const { id, sizeBytes } = await blobs.put(seal(file, header), { id: 'content' })
      const size = sizeBytes === null ? file.size : sizeBytes - overheadBytes(header)
      const known = names.get(id)
      if (known === undefined) names.note(id, { ...header, sizeBytes: size, seenAtMs, thumbnail: null })
      return null
    } catch (error) {
      return `${path}: ${isBlobSyncError(error) ? error.message : String(error)}`
    }
  }

  const add = async (given: readonly Given[]) => {
    const problems: string[] = []
    const nowMs = Date.now()
    const queue = given.map((each, index) => ({ each, seenAtMs: nowMs + (given.length - index) / given.length }))
    adding = { done: adding?.done ?? 0, total: (adding?.total ?? 0) + given.length }
    const putSome = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const problem = await put(next.each, next.seenAtMs)
        if (problem !== null) problems.push(problem)
        if (adding !== null) adding = { ...adding, done: adding.done + 1 }
        tell()
      }
    }
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, putSome))
    if (adding.done >= adding.total) adding = null
    tell()
    return problems
  }

  const items = () => {
    sorted ??= [...views.keys()].toSorted((a, b) => seenAtMs(b) - seenAtMs(a) || (a < b ? -1 : 1))
    return sorted.flatMap((id) => {
      const view = views.get(id)
      return view === undefined ? [] : [{ id, view, name: names.get(id) }]
    })
  }

  const goOn = () => {
    // It would end a pause as well.
    if (blobs.getSnapshot().transfers !== 'paused') blobs.resume()
  }

  return {
    letter,
    label: `Device ${letter.toUpperCase()}`,
    blobs,
    wire,
    names,
    items,
    progress: work.progress,
    adding: () => adding,
    add,
    setPaused: (isPaused) => (isPaused ? blobs.pause() : blobs.resume()),
    goOn,
    look,
    subscribe: (listener) => void listeners.add(listener),
  }
}
