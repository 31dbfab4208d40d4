import { createActor, createMachine } from 'xstate'
import { createBlobSync, type BlobSync } from '../../../src/index'
import { soledadCipher } from '../../../src/cipher/soledad'
import { statelyInspector, type StatelyInspector } from '../../../src/inspect'
import { memoryRemote } from '../../../src/remote/memory'
import { memoryStore } from '../../../src/store/memory'
import { blobMachine } from '../../../machines'
import { newRecord } from '../../../src/model/record'
import { indiscreetSync } from '../../inspect/plants'

const remote = memoryRemote()
const cipher = soledadCipher(new Uint8Array(96).fill(5))
let inspector: StatelyInspector | null = null
let blobs: BlobSync | null = null
let rounds = (_times: number) => {}

const iframe = () => {
  const frame = document.createElement('iframe')
  frame.id = 'viewer'
  frame.style.cssText = 'position:fixed;inset:0;width:100%;height:100%;border:0'
  document.body.append(frame)
  return frame
}

const device = (inspect: StatelyInspector['inspect']) =>
  createBlobSync({ store: memoryStore(), remote, cipher, inspect, liveActors: 64 })

/** What a test asks of the page of a device. */
const page = {
  openInFrame: (url: string) => {
    inspector = statelyInspector({ url, iframe: iframe() })
    return inspector.ready
  },
  openInWindow: (url: string) => {
    inspector = statelyInspector({ url })
    return inspector.ready
  },
  stop: () => inspector?.stop(),

  /** A real sync of some blobs, of which one stays here, by a device that is watched; it stays open. */
  sync: async (count: number) => {
    const giver = createBlobSync({ store: memoryStore(), remote, cipher })
    for (let at = 0; at < count; at += 1) await giver.put(new TextEncoder().encode(`blob ${at}`), { id: `blob-${at}` })
    await giver.sync()
    await giver.close()
    if (inspector === null) throw new Error('No inspector is open.')
    blobs = device(inspector.inspect)
    await blobs.put(new TextEncoder().encode('mine'), { id: 'mine', localOnly: true })
    blobs.blob('mine').subscribe(() => {})
    await blobs.sync()
    await blobs.idle()
  },
  pause: () => blobs?.pause(),
  coordinatorValue: () => blobs?.actor.getSnapshot().value,
  statusOf: (id: string) => {
    const view = blobs?.list().find((one) => one.id === id)
    return view === undefined ? null : { status: view.status, phase: view.phase }
  },
  indiscreet: async () => {
    if (inspector === null) throw new Error('No inspector is open.')
    await indiscreetSync(inspector.inspect)
  },

  /** So many living actors with the chart of a blob, of which each hears an event now and then. */
  crowd: (count: number) => {
    const inspect = inspector?.inspect
    if (inspect === undefined) throw new Error('No inspector is open.')
    const parent = createActor(createMachine({ id: 'coordinator', on: { '*': {} }, states: { a: {} }, initial: 'a' }), {
      inspect,
    }).start()
    const actors = Array.from({ length: count }, (_, at) => {
      const key = { namespace: 'default', id: `blob-${at}` } as unknown as Pick<
        Parameters<typeof newRecord>[0],
        'namespace' | 'id'
      >
      const record = newRecord({
        ...key,
        status: at % 2 === 0 ? 'SYNCED' : 'PENDING_UPLOAD',
        changedAtMs: 1,
        held: at % 4 === 1 ? 'localOnly' : null,
      })
      const input = { record, turn: 0, hasSlot: false, backoff: { delaysMs: [1000], jitter: 0 }, verifyAttempts: 1 }
      return createActor(blobMachine, { id: `default/blob-${at}`, parent, input }).start()
    })
    rounds = (times) => {
      for (let at = 0; at < times; at += 1) actors[at % count]?.send({ type: 'blob.prioritised', priority: 'low' })
    }
  },
  rounds: (times: number) => rounds(times),
}

declare global {
  interface Window {
    device: typeof page
  }
}
window.device = page
