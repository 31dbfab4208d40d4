import * as O from 'fp-ts/Option'
import { bytesPayload } from '../../src/model/payload'
import { idbStore } from '../../src/store/idb'
import { opfsStore } from '../../src/store/opfs'
import type { Store } from '../../src/store/store'
import { behind, bytesOf, done, key, keysOf, recordOf } from './idb-ground'
import { namesOf } from './opfs-ground'
import { LANES, leftBy, sizeOf, stepsOf, type Step } from './store-crash-steps'
import type { Kind } from './store-crash-kinds'

/** Nearly all that is not tiny lies in files. */
const inlineBytesMax = 50_000
const stores: Readonly<Record<Kind, () => Store>> = {
  idb: () => idbStore('idb'),
  opfs: () => opfsStore('opfs', { inlineBytesMax }),
  'opfs-page': () => opfsStore('opfs-page', { inlineBytesMax, worker: false }),
}

const contentOf = (version: number) => bytesOf(sizeOf(version), version)

const take = async (store: Store, { id, verb, version }: Step) => {
  const record = recordOf(id, { changedAtMs: version, isHere: verb !== 'drop' })
  const content = contentOf(version)
  if (verb === 'write') await done(store.write(record, bytesPayload(content)))
  if (verb === 'add') await done(store.shared!.add(record, bytesPayload(content), () => true))
  if (verb === 'drop') await done(store.drop(record))
  if (verb === 'remove') await done(store.remove([record]))
  if (verb === 'stage') {
    const staging = await done(store.stage(record))
    for (let from = 0; from < content.length; from += 1_000_000) {
      await done(staging.append(content.slice(from, from + 1_000_000)))
    }
    await done(staging.commit(record))
  }
}

/** Takes steps until it is killed; each is told before the next one of its lane begins. */
const run = async (kind: Kind, seed: number) => {
  const store = stores[kind]()
  await done(store.shared!.lead(() => {}))
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (const step of stepsOf(seed, lane)) {
      await take(store, step)
      await tell(lane)
    }
  })
  await Promise.all(lanes)
}

const found = async (store: Store, id: string): Promise<string> => {
  const record = await done(store.record(key(id)))
  const payload = await done(store.read(key(id)))
  if (O.isNone(record)) return O.isNone(payload) ? 'nothing' : 'a payload without a record'
  const { changedAtMs: version, isHere } = record.value
  if (O.isNone(payload)) return isHere ? `a record without its payload ${version}` : leftBy({ id, verb: 'drop', version })
  const bytes = await done(payload.value.read())
  const expected = contentOf(version)
  const isWhole = isHere && bytes.length === expected.length && bytes.every((byte, at) => byte === expected[at])
  return isWhole ? leftBy({ id, verb: 'write', version }) : `a payload that is not that of its record ${version}`
}

/** What is there after a crash, by id, once a page has led; and keys and files that belong to nothing. */
const look = async (kind: Kind, ids: readonly string[]) => {
  const leader = stores[kind]()
  await done(leader.shared!.lead(() => {}))
  await done(leader.close())
  const [records, payloads, staged] = await Promise.all([keysOf(kind, 'r/'), keysOf(kind, 'p/'), keysOf(kind, 's/')])
  const strays = payloads.filter((text) => !records.includes(text.replace('p/', 'r/')))
  const named = await behind(kind, (objects) => objects.getAll(IDBKeyRange.bound('f/', 'f/\uffff')))
  const files = (await namesOf(kind)).filter((name) => !named.includes(name))
  const states: Record<string, string> = {}
  const store = stores[kind]()
  for (const id of ids) states[id] = await found(store, id)
  await done(store.close())
  return { states, strays: [...strays, ...staged, ...files] }
}

declare global {
  var tell: (lane: number) => Promise<void>
  var crash: { readonly run: typeof run; readonly look: typeof look }
}
globalThis.crash = { run, look }
