import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { streamingCipher } from '../../src/cipher/streaming'
import type { BlobSync, BlobSyncOptions, BlobView, Remote } from '../../src/index'
import { failure, type Failure } from '../../src/model/failure'
import { blobKey, keyText } from '../../src/model/ids'
import { memoryRemote, remoteMemory, type RemoteMemory } from '../../src/remote/memory'
import { namespaceIn } from '../../src/remote/memory-content'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import { noise } from '../../src/testing/cipher-bytes'
import { expectRight } from '../../src/testing/expect'
import { virtualClock } from '../virtual-clock'
import { device } from './device'

export const MiB = 1024 * 1024
export const cipher = streamingCipher(noise(64))
export const key = (id: string) => expectRight(blobKey(id), 'a key')
export const cut = failure('Unreachable', 'The line is cut.')

export type Verb = 'supports' | 'create' | 'offset' | 'append' | 'end' | 'stat' | 'put' | 'get' | 'delete'

export interface Call {
  readonly verb: Verb
  /** Counted over all calls, from 0. */
  readonly at: number
  /** Of a part. */
  readonly from?: number
  readonly sizeBytes?: number
}

/** What becomes of a call: it never arrives, half of its part does, it is done and nobody hears of it, or it is answered so at once. */
export type Fate = 'lost' | 'half' | 'unheard' | Failure | null

export interface Line {
  readonly memory: RemoteMemory
  readonly calls: Call[]
  readonly remote: Remote
  /** What becomes of the calls from now on. */
  fate: (call: Call) => Fate
  /** Waited for once a call has met its fate. */
  after: (call: Call) => Promise<void>
  /** Bytes of parts that were sent, heard or not. */
  readonly sentBytes: () => number
  readonly verbs: () => readonly Verb[]
}

/** A remote in memory at the end of a line that a test cuts. */
export const line = (memory: RemoteMemory = remoteMemory()): Line => {
  const inner = memoryRemote({ memory, powers: { batches: false } })
  const { resumable } = inner
  if (resumable === undefined) throw new TypeError('The memory remote has the power.')
  const calls: Call[] = []

  const over =
    <A>(given: Omit<Call, 'at'>, use: TE.TaskEither<Failure, A>, halfOfIt: TE.TaskEither<Failure, A> = use) =>
    async (): Promise<E.Either<Failure, A>> => {
      const call = { ...given, at: calls.length }
      calls.push(call)
      const fate = made.fate(call)
      const answer = await (fate === 'half' ? halfOfIt() : fate === null || fate === 'unheard' ? use() : E.left(cut))
      await made.after(call)
      if (fate === null) return answer
      return E.left(typeof fate === 'string' ? cut : fate)
    }

  const made: Line = {
    memory,
    calls,
    fate: () => null,
    after: async () => {},
    sentBytes: () => calls.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
    verbs: () => calls.map(({ verb }) => verb),
    remote: {
      ...inner,
      supports: (options) => over({ verb: 'supports' }, inner.supports(options)),
      put: (id, upload) => over({ verb: 'put' }, inner.put(id, upload)),
      get: (id, options) => over({ verb: 'get' }, inner.get(id, options)),
      stat: (id, options) => over({ verb: 'stat' }, inner.stat(id, options)),
      delete: (id, options) => over({ verb: 'delete' }, inner.delete(id, options)),
      resumable: {
        create: (id, options) => over({ verb: 'create' }, resumable.create(id, options)),
        offset: (session, options) => over({ verb: 'offset' }, resumable.offset(session, options)),
        append: (session, part) =>
          over(
            { verb: 'append', from: part.at, sizeBytes: part.bytes.length },
            resumable.append(session, part),
            resumable.append(session, { ...part, bytes: part.bytes.slice(0, part.bytes.length / 2) }),
          ),
        end: (session, options) => over({ verb: 'end' }, resumable.end(session, options)),
      },
    },
  }
  return made
}

export interface Sender {
  readonly blobs: BlobSync
  readonly disk: Memory
  readonly clock: ReturnType<typeof virtualClock>
  /** Moves the time on until a blob looks so. */
  readonly until: (id: string, isSo: (view: BlobView) => boolean) => Promise<BlobView>
}

/** A device whose parts are all of 1 MiB, in a time of its own. */
export const sender = (remote: Remote, options: Partial<BlobSyncOptions> = {}, disk = newMemory()): Sender => {
  const clock = virtualClock()
  const blobs = device({ store: memoryStore(disk), remote, cipher, clock, inFlightBytes: 2 * MiB, random: () => 0, ...options })
  const until: Sender['until'] = async (id, isSo) => {
    for (let step = 0; step < 3_000; step += 1) {
      const view = blobs.blob(id).getSnapshot()
      if (isSo(view)) return view
      await clock.advance(100)
    }
    throw new Error(`It stays ${JSON.stringify(blobs.blob(id).getSnapshot())}`)
  }
  return { blobs, disk, clock, until }
}

export const isSynced = ({ status }: BlobView): boolean => status === 'SYNCED'

/** A disk as a crash leaves it: what was written until now. */
export const crashed = ({ records, payloads, kept }: Memory): Memory => ({
  ...newMemory(),
  records: new Map(records),
  payloads: new Map(payloads),
  kept: new Map(kept),
})

export const recordOn = ({ records }: Memory, id: string) => records.get(keyText(key(id)))

export const held = (memory: RemoteMemory, id: string) => namespaceIn(memory, key('a').namespace).blobs.get(key(id).id)

/** What another device reads. */
export const readBack = async (memory: RemoteMemory, id: string): Promise<Uint8Array> => {
  const reader = device({ remote: memoryRemote({ memory }), cipher })
  return new Uint8Array(await (await reader.get(id)).arrayBuffer())
}
