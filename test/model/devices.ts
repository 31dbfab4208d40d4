import type { BlobId } from '../../src/model/ids'
import { reconcile } from '../../src/model/reconcile'
import { type BlobRecord, newRecord } from '../../src/model/record'
import type { Entry } from '../../src/model/wire'
import { namespace } from './arbitrary'

interface Held {
  readonly content: string
  readonly tag: string
}

/** A remote and some devices as data: no bytes, no network, a clock that counts what happens. */
export interface World {
  readonly listsTags: boolean
  readonly held: Map<BlobId, Held>
  readonly tombstones: Set<BlobId>
  /** Uploads whose device stopped waiting for them. */
  late: { readonly id: BlobId; readonly put: Held }[]
  /** Contents that somebody deleted, or gave up in a conflict. */
  readonly unwanted: Set<string>
  readonly devices: readonly Device[]
  timeMs: number
  named: number
}

export interface Device {
  readonly records: Map<BlobId, BlobRecord>
  readonly contents: Map<BlobId, string>
}

export const world = (devices: number, listsTags: boolean): World => ({
  listsTags,
  held: new Map(),
  tombstones: new Set(),
  late: [],
  unwanted: new Set(),
  devices: Array.from({ length: devices }, () => ({ records: new Map(), contents: new Map() })),
  timeMs: 1,
  named: 0,
})

const tick = (at: World) => (at.timeMs += 10)
const name = (at: World, what: string) => `${what} ${(at.named += 1)}`

const change = (at: World, { records }: Device, record: BlobRecord, given: Partial<BlobRecord>) =>
  records.set(record.id, { ...record, ...given, changedAtMs: tick(at) })

/** The app puts new content, if the id is free on this device. */
export const put = (at: World, device: Device, id: BlobId): void => {
  if (device.records.has(id)) return
  device.contents.set(id, name(at, 'content'))
  device.records.set(id, newRecord({ namespace, id, status: 'PENDING_UPLOAD', isHere: true, changedAtMs: tick(at) }))
}

/** The app deletes what it sees. */
export const remove = (at: World, device: Device, id: BlobId): void => {
  const record = device.records.get(id)
  if (record === undefined || record.trashedAtMs !== null || record.status === 'PENDING_DELETE') return
  const content = device.contents.get(id)
  if (content !== undefined) at.unwanted.add(content)
  device.contents.delete(id)
  const isLocal = record.held === 'conflict' || (record.status === 'PENDING_UPLOAD' && !record.uploadWasTried)
  if (isLocal) device.records.delete(id)
  else change(at, device, record, { status: 'PENDING_DELETE', isHere: false, erasedAtMs: null })
}

/** An upload begins, and the device never hears how it ended. */
export const tryUpload = (at: World, device: Device, id: BlobId): void => {
  const record = device.records.get(id)
  if (record?.status === 'PENDING_UPLOAD' && record.held === null) at.late.push({ id, put: seal(at, device, record) })
}

/** What is still under way arrives, before or after whatever else happened. */
export const deliverLate = (at: World): void => {
  for (const { id, put: late } of at.late) if (!at.held.has(id)) at.held.set(id, late)
  at.late = []
}

/** The remote loses a blob and knows nothing of it. */
export const lose = (at: World, id: BlobId): void => {
  at.held.delete(id)
}

/** Lists, compares, transfers: what a device does while it is online. */
export const sync = (at: World, device: Device): void => {
  compare(at, device)
  for (const record of device.records.values()) transfer(at, device, record)
}

/** The app settles each conflict for what the remote holds. */
export const giveIn = (at: World, device: Device): void => {
  for (const record of device.records.values()) {
    if (record.held !== 'conflict') continue
    at.unwanted.add(device.contents.get(record.id) ?? '')
    change(at, device, record, { status: 'PENDING_DOWNLOAD', held: null, seal: null, tag: null, uploadWasTried: false })
  }
}

/** What a device shows: ids and contents, without its trash. */
export const visible = ({ records, contents }: Device): ReadonlyMap<BlobId, string | undefined> =>
  new Map([...records.values()].filter((record) => record.trashedAtMs === null).map(({ id }) => [id, contents.get(id)]))

const compare = (at: World, { records, contents }: Device) => {
  const startedAtMs = tick(at)
  const entryOf = (id: BlobId, { tag }: Held): Entry => ({ id, sizeBytes: null, tag })
  const entries = Array.from(at.held, ([id, held]) => ({ ...entryOf(id, held), ...(at.listsTags ? {} : { tag: null }) }))
  const lists = { namespace, records: [...records.values()], entries, tombstones: [...at.tombstones], startedAtMs }
  const looks = new Map<BlobId, Entry | null>()
  for (const id of reconcile({ ...lists, nowMs: tick(at) }).looks) {
    const held = at.held.get(id)
    looks.set(id, held === undefined ? null : entryOf(id, held))
  }
  for (const step of reconcile({ ...lists, looks, nowMs: tick(at) }).changes) {
    if (step.kind !== 'forget') records.set(step.after.id, step.after)
    else {
      records.delete(step.before.id)
      contents.delete(step.before.id)
    }
  }
}

const transfer = (at: World, device: Device, record: BlobRecord) => {
  const { id } = record
  if (record.held !== null) return
  const held = at.held.get(id)
  if (record.status === 'PENDING_DOWNLOAD' && held !== undefined) {
    device.contents.set(id, held.content)
    change(at, device, record, { status: 'SYNCED', isHere: true, tag: held.tag })
  }
  if (record.status === 'PENDING_UPLOAD') {
    const mine = seal(at, device, record)
    const sealed = device.records.get(id) ?? record
    const isTaken = held !== undefined && held.content !== mine.content
    if (held === undefined) at.held.set(id, mine)
    if (isTaken) change(at, device, sealed, { held: 'conflict' })
    else change(at, device, sealed, { status: 'SYNCED', tag: held?.tag ?? mine.tag })
  }
  if (record.status === 'PENDING_DELETE' && record.erasedAtMs === null) {
    if (held !== undefined) {
      at.unwanted.add(held.content)
      at.held.delete(id)
      at.tombstones.add(id)
    }
    change(at, device, record, { erasedAtMs: tick(at) })
  }
}

const seal = (at: World, device: Device, record: BlobRecord): Held => {
  const tag = record.seal ?? name(at, 'tag')
  // The tag follows from seal and content, so one name serves for both.
  change(at, device, record, { seal: tag, tag, uploadWasTried: true })
  return { tag, content: device.contents.get(record.id) ?? '' }
}
