import { createBlobSync, type BlobSync, type BlobSyncOptions, type BlobView, type Store } from 'blobsync'
import { streamingCipher } from 'blobsync/cipher/streaming'
import { httpRemote } from 'blobsync/remote/http'
import { secretBytes, type Person } from './account'
import { adding, type Given } from './adding'
import { looker } from './look'
import { namesIn, type Names } from './names'
import { shelf, type Item } from './shelf'
import { namesPlace } from './store'
import { newWire, type Wire } from './wire'
import { workTracker, type Progress } from './work'

export type Letter = 'a' | 'b'

export interface Device {
  readonly letter: Letter
  readonly label: string
  readonly blobs: BlobSync
  readonly wire: Wire
  readonly names: Names
  /** In the order of its list. */
  readonly items: () => readonly Item[]
  /** How many items; unlike them it may be asked for at each change. */
  readonly count: () => number
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
/** How long changes of the list as a whole may wait for each other. */
const TOGETHER_MS = 60

/** One device: a store, an engine and a wire of its own, as it would be on a machine of its own. */
export const openDevice = ({ letter, person, store, inspect }: DeviceOptions): Device => {
  const wire = newWire(`${namesPlace(person, letter)}-wire`)
  // Asked each time: another tab of this device may have changed it.
  const isOnDemand = () => localStorage.getItem(onDemandPlace(letter)) === 'on'
  const token = async () => {
    if (wire.isOn('expired')) throw new Error('Signed out.')
    return person.token
  }
  const blobs = createBlobSync({
    store,
    remote: httpRemote({ url: new URL('/server/', location.href).href, user: person.user, token, fetch: wire.fetch }),
    cipher: streamingCipher(secretBytes(person)),
    connectivity: wire.connectivity,
    download: () => !isOnDemand(),
    inspect,
  })
  const work = workTracker()
  const listeners = new Set<() => void>()
  const tell = () => listeners.forEach((listener) => listener())
  const names: Names = namesIn(namesPlace(person, letter), blobs, () => {
    shown.reorder()
    tell()
  })
  const shown = shelf({ blobs, names: () => names, onNote: work.note, onReorder: tell })
  const learn = (id: string) => void names.learn(id, shown.seenAtMs(id))
  const { add, state } = adding(
    blobs,
    ({ id, header, sizeBytes }) => {
      if (names.get(id) === undefined) names.note(id, { ...header, sizeBytes, seenAtMs: shown.seenAtMs(id), thumbnail: null })
    },
    tell,
  )

  const noteAndTell = (view: BlobView) => {
    shown.note(view)
    tell()
  }
  let isDue = false
  const noteAll = () => {
    isDue = false
    shown.noteAll()
    tell()
  }
  blobs.on('blob.changed', noteAndTell)
  blobs.on('blob.added', noteAndTell)
  blobs.on('blob.deleted', noteAndTell)
  blobs.on('blob.synced', ({ id }) => {
    if (names.get(id) === undefined) learn(id)
  })
  blobs.on('list.changed', () => {
    if (isDue) return
    isDue = true
    setTimeout(noteAll, TOGETHER_MS)
  })
  blobs.subscribe(({ active }) => {
    if (active === 0) work.reset()
    tell()
  })
  wire.subscribe(tell)
  addEventListener('storage', tell)
  const look = looker(blobs)
  void Promise.all([blobs.ready, names.ready]).then(() => {
    noteAll()
    look()
  })

  const refresh = () => {
    for (const id of shown.transferring()) shown.note(blobs.blob(id).getSnapshot())
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
    items: shown.items,
    count: shown.count,
    progress,
    adding: state,
    add,
    setPaused: (isPaused) => (isPaused ? blobs.pause() : blobs.resume()),
    isOnDemand,
    setOnDemand: (next) => {
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
