import { createBlobSync, isBlobSyncError, type BlobSync, type BlobSyncOptions, type BlobView, type Store } from 'blobsync'
import { soledadCipher } from 'blobsync/cipher/soledad'
import { httpRemote } from 'blobsync/remote/http'
import { secretBytes, type Person } from './account'
import { overheadBytes, seal } from './envelope'
import { looker } from './look'
import { namesIn, type Name, type Names } from './names'
import { lookOf } from './status'
import { namesPlace } from './store'
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
  /** Whether what others put is fetched only when it is asked for. */
  readonly isOnDemand: () => boolean
  readonly setOnDemand: (isOnDemand: boolean) => void
  /** The app's answer to a new token, more quota, more room. */
  readonly goOn: () => void
  /** Looks again at what moves, of whose progress no event tells. */
  readonly refresh: () => void
  /** Reads the name of a blob that is here. */
  readonly learn: (id: string) => void
  readonly look: () => void
  readonly subscribe: (listener: () => void) => void
}

export interface DeviceOptions {
  readonly letter: Letter
  readonly person: Person
  readonly store: Store
  readonly inspect: NonNullable<BlobSyncOptions['inspect']>
}

const onDemandPlace = (letter: Letter) => `blobsync-demo/on-demand-${letter}`
const alphabet = new Intl.Collator(undefined, { numeric: true })
const BATCH_APART_MS = 5000

/** Puts at once: each reads its file twice, for its id and its bytes. */
const PUTS_AT_ONCE = 6

/** One device: a store, an engine and a wire of its own, as it would be on a machine of its own. */
export const openDevice = ({ letter, person, store, inspect }: DeviceOptions): Device => {
  const wire = newWire()
  let isOnDemand = localStorage.getItem(onDemandPlace(letter)) === 'on'
  const token = async () => {
    if (wire.isOn('expired')) throw new Error('Signed out.')
    return person.token
  }
  const blobs = createBlobSync({
    store,
    remote: httpRemote({ url: new URL('/server/', location.href).href, user: person.user, token, fetch: wire.fetch }),
    cipher: soledadCipher(secretBytes(person)),
    connectivity: wire.connectivity,
    download: () => !isOnDemand,
    inspect,
  })
  const work = workTracker()
  const views = new Map<string, BlobView>()
  const seen = new Map<string, number>()
  let batch = { beganAtMs: 0, lastAtMs: 0 }
  const listeners = new Set<() => void>()
  let sorted: readonly string[] | null = null
  let adding: { done: number; total: number } | null = null

  const tell = () => listeners.forEach((listener) => listener())
  const names = namesIn(namesPlace(person, letter), blobs, () => {
    sorted = null
    tell()
  })

  /** What comes within seconds of each other belongs together, on whichever device. */
  const batchNow = () => {
    const nowMs = Date.now()
    batch = { beganAtMs: nowMs - batch.lastAtMs < BATCH_APART_MS ? batch.beganAtMs : nowMs, lastAtMs: nowMs }
    return batch.beganAtMs
  }

  const note = (view: BlobView) => {
    const isGone = view.status === 'DELETED' || (view.status === 'PENDING_DELETE' && view.phase === 'resting')
    work.note(view)
    if (isGone) {
      if (views.delete(view.id)) sorted = null
      names.forget(view.id)
      return
    }
    if (!views.has(view.id)) {
      seen.set(view.id, names.get(view.id)?.seenAtMs ?? batchNow())
      sorted = null
    }
    const wasInTrouble = isInTrouble(view.id)
    views.set(view.id, view)
    if (isInTrouble(view.id) !== wasInTrouble) sorted = null
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
  const learn = (id: string) => void names.learn(id, seen.get(id) ?? batchNow())
  blobs.on('blob.synced', ({ id }) => {
    if (names.get(id) === undefined) learn(id)
  })
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

  const isInTrouble = (id: string) => {
    const view = views.get(id)
    return view !== undefined && lookOf(view).tone === 'bad'
  }

  /** What needs somebody to look at it first, then the newest batch; in it by name, and last what has none yet. */
  const inOrder = (a: string, b: string) => {
    const trouble = Number(isInTrouble(b)) - Number(isInTrouble(a))
    if (trouble !== 0) return trouble
    const [nameOfA, nameOfB] = [names.get(a), names.get(b)]
    const age = (nameOfB?.seenAtMs ?? seen.get(b) ?? 0) - (nameOfA?.seenAtMs ?? seen.get(a) ?? 0)
    if (age !== 0) return age
    if (nameOfA === undefined || nameOfB === undefined)
      return Number(nameOfA === undefined) - Number(nameOfB === undefined) || (a < b ? -1 : 1)
    return alphabet.compare(nameOfA.name, nameOfB.name) || (a < b ? -1 : 1)
  }

  const put = async ({ file, path }: Given): Promise<string | null> => {
    const header = { name: path, type: file.type, lastModified: file.lastModified }
    try {
      const { id, sizeBytes } = await blobs.put(seal(file, header), { id: 'content' })
      const size = sizeBytes === null ? file.size : sizeBytes - overheadBytes(header)
      const known = names.get(id)
      if (known === undefined)
        names.note(id, { ...header, sizeBytes: size, seenAtMs: seen.get(id) ?? batchNow(), thumbnail: null })
      return null
    } catch (error) {
      return `${path}: ${isBlobSyncError(error) ? error.message : String(error)}`
    }
  }

  const add = async (given: readonly Given[]) => {
    const problems: string[] = []
    const queue = [...given]
    adding = { done: adding?.done ?? 0, total: (adding?.total ?? 0) + given.length }
    const putSome = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const problem = await put(next)
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
    sorted ??= [...views.keys()].toSorted(inOrder)
    return sorted.flatMap((id) => {
      const view = views.get(id)
      return view === undefined ? [] : [{ id, view, name: names.get(id) }]
    })
  }

  const refresh = () => {
    for (const { id, phase } of views.values()) {
      if (phase === 'transferring' || phase === 'backingOff') note(blobs.blob(id).getSnapshot())
    }
    tell()
  }

  const progress = () => {
    const sum = work.progress()
    const sent = [...wire.sent.values()].reduce((bytes, upload) => bytes + upload.bytes, 0)
    return { ...sum, bytes: Math.min(sum.totalBytes, sum.bytes + sent) }
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
    progress,
    adding: () => adding,
    add,
    setPaused: (isPaused) => (isPaused ? blobs.pause() : blobs.resume()),
    isOnDemand: () => isOnDemand,
    setOnDemand: (next) => {
      isOnDemand = next
      localStorage.setItem(onDemandPlace(letter), next ? 'on' : 'off')
      look()
      tell()
    },
    goOn,
    refresh,
    learn,
    look,
    subscribe: (listener) => void listeners.add(listener),
  }
}
