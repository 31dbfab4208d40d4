import type { BlobSync, BlobView } from 'blobsync'
import type { Name, Names } from './names'
import { lookOf } from './status'

/** One blob in a device's list. */
export interface Item {
  readonly id: string
  readonly view: BlobView
  readonly name: Name | undefined
}

export interface Shelf {
  /** In the order in which they are shown. */
  readonly items: () => readonly Item[]
  /** How many there are; costs the same however many. */
  readonly count: () => number
  /** Takes in what became of one blob. */
  readonly note: (view: BlobView) => void
  /** Takes in whatever changed since it last looked. */
  readonly noteAll: () => void
  /** Forgets a blob that is no longer among the device's. */
  readonly drop: (id: string) => void
  readonly transferring: () => readonly string[]
  /** When this device first had a blob, or now. */
  readonly seenAtMs: (id: string) => number
  /** A name became known. */
  readonly reorder: () => void
}

/** What comes within this time of each other belongs together, on whichever device. */
const BATCH_APART_MS = 5000
/** Long lists are put in order at most so often; until then new blobs wait at their end. */
const ORDER_APART_MS = 400
const LONG = 300

const alphabet = new Intl.Collator(undefined, { numeric: true })

interface ShelfOptions {
  readonly blobs: BlobSync
  readonly names: () => Names
  readonly onNote: (view: BlobView) => void
  /** Called when the order is to be looked at again though nothing happened. */
  readonly onReorder: () => void
}

/** What a device has, in the order of its list: what needs a look first, then the newest batch, and within a batch by name. */
export const shelf = ({ blobs, names, onNote, onReorder }: ShelfOptions): Shelf => {
  const views = new Map<string, BlobView>()
  const seen = new Map<string, number>()
  let batch = { beganAtMs: 0, lastAtMs: 0 }
  let order: readonly string[] = []
  let isOrdered = true
  let orderedAtMs = -Infinity
  let later: ReturnType<typeof setTimeout> | null = null
  let items: readonly Item[] = []
  /** Where each is among them; null once others are to be shown, or in another order. */
  let places: ReadonlyMap<string, number> | null = null
  /** Those that are to be shown otherwise. */
  const changed = new Set<string>()

  const batchNow = () => {
    const nowMs = Date.now()
    batch = { beganAtMs: nowMs - batch.lastAtMs < BATCH_APART_MS ? batch.beganAtMs : nowMs, lastAtMs: nowMs }
    return batch.beganAtMs
  }
  const seenAtMs = (id: string) => names().get(id)?.seenAtMs ?? seen.get(id) ?? batchNow()
  const isInTrouble = (id: string) => {
    const view = views.get(id)
    return view !== undefined && lookOf(view).tone === 'bad'
  }

  const drop = (id: string) => {
    if (views.delete(id)) isOrdered = false
    places = null
    names().forget(id)
  }
  const note = (view: BlobView) => {
    onNote(view)
    const { id } = view
    if (view.status === 'DELETED' || (view.status === 'PENDING_DELETE' && view.phase === 'resting')) return drop(id)
    if (!views.has(id)) {
      seen.set(id, seenAtMs(id))
      isOrdered = false
    }
    const wasInTrouble = isInTrouble(id)
    views.set(id, view)
    changed.add(id)
    if (isInTrouble(id) !== wasInTrouble) isOrdered = false
  }

  const before = (a: string, b: string) => {
    const trouble = Number(isInTrouble(b)) - Number(isInTrouble(a))
    if (trouble !== 0) return trouble
    const [nameOfA, nameOfB] = [names().get(a), names().get(b)]
    const age = (nameOfB?.seenAtMs ?? seen.get(b) ?? 0) - (nameOfA?.seenAtMs ?? seen.get(a) ?? 0)
    if (age !== 0) return age
    if (nameOfA !== undefined && nameOfB !== undefined) return alphabet.compare(nameOfA.name, nameOfB.name) || (a < b ? -1 : 1)
    return Number(nameOfA === undefined) - Number(nameOfB === undefined) || (a < b ? -1 : 1)
  }

  const itemOf = (id: string): readonly Item[] => {
    const view = views.get(id)
    return view === undefined ? [] : [{ id, view, name: names().get(id) }]
  }

  const putInOrder = () => {
    const nowMs = performance.now()
    if (isOrdered) return
    if (views.size > LONG && nowMs - orderedAtMs < ORDER_APART_MS) {
      later ??= setTimeout(onReorder, ORDER_APART_MS)
      return
    }
    later = null
    order = [...views.keys()].toSorted(before)
    places = null
    isOrdered = true
    orderedAtMs = nowMs
  }

  return {
    count: () => views.size,
    note,
    drop,
    seenAtMs,
    reorder: () => {
      isOrdered = false
      places = null
    },
    noteAll: () => {
      const left = new Set(views.keys())
      for (const view of blobs.list()) {
        left.delete(view.id)
        if (views.get(view.id) !== view) note(view)
      }
      for (const id of left) drop(id)
    },
    transferring: () => [...views.values()].filter(({ phase }) => phase === 'transferring').map(({ id }) => id),
    items: () => {
      putInOrder()
      if (places === null) {
        items = order.flatMap(itemOf)
        places = new Map(items.map(({ id }, at) => [id, at]))
      } else if (changed.size > 0) {
        const next = [...items]
        for (const id of changed) {
          const at = places.get(id)
          if (at !== undefined) next.splice(at, 1, ...itemOf(id))
        }
        items = next
      }
      changed.clear()
      return items
    },
  }
}
