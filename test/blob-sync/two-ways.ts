import * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'
import { streamingCipher } from '../../src/cipher/streaming'
import {
  BlobSyncError,
  createBlobSync,
  type BlobSync,
  type BlobSyncOptions,
  type Failure,
  type Remote,
  type Store,
} from '../../src/index'
import { namespaceNamed } from './resting-memory'
import { failure, serverError } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { memoryStore } from '../../src/store/memory'
import { noise } from '../../src/testing/cipher-bytes'
import { key } from '../../src/testing/store-ground'
import { randomOf } from '../crash/content'
import { nextTurn, settled, virtualClock } from '../virtual-clock'

/** Opens the same store again at each call. */
export type OpenStore = () => Store

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
const SECRETS = [noise(64), noise(64).map((byte) => byte ^ 1)] as const
const FAILURES: readonly Failure[] = [
  serverError('it stumbles', 500),
  failure('NotFound', 'it is not there'),
  failure('TooLarge', 'it is too large'),
  failure('Forbidden', 'it is forbidden'),
]

export interface Schedule {
  readonly steps: number
  /** Whether the app also asks for several things of one blob at once: on a disk it depends on its speed which comes first. */
  readonly overlaps: boolean
}

/**
 * What an app sees of a schedule that a seed decides: calls of the app, of another device, of whoever breaks the server, and restarts. Whatever
 * the store does, and however long it takes, the same comes out.
 */
export const historyOf = async (
  seed: number,
  openStore: OpenStore,
  { steps, overlaps }: Schedule,
): Promise<readonly string[]> => {
  const random = randomOf(seed)
  const history: string[] = []
  const clock = virtualClock()
  const memory = remoteMemory()
  const policy = seed % 3 === 0 ? 'onDemand' : 'eager'
  const hasFeed = seed % 2 === 0
  let failing = 0
  const calls = new Map<string, number>()
  let underWay = 0

  /** Whether a call fails follows from what it is about, not from who comes first. */
  const mayFail =
    <A>(verb: string, id: string, use: TE.TaskEither<Failure, A>): TE.TaskEither<Failure, A> =>
    async () => {
      const name = `${verb} ${id}`
      const count = (calls.get(name) ?? 0) + 1
      calls.set(name, count)
      const roll = randomOf([...`${name} ${count} ${seed}`].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7))
      roll(2)
      return roll(10) < failing ? E.left(FAILURES[roll(verb === 'delete' ? 1 : FAILURES.length)] ?? serverError('', 500)) : use()
    }
  const plain = memoryRemote({
    memory,
    clock,
    listsTags: seed % 5 !== 0,
    powers: { batches: false, changes: hasFeed, resumableUploads: false },
  })
  const remote: Remote = {
    ...plain,
    put: (key, upload) => mayFail('put', key.id, plain.put(key, upload)),
    get: (key, options) => mayFail('get', key.id, plain.get(key, options)),
    delete: (key, options) => mayFail('delete', key.id, plain.delete(key, options)),
  }

  let secret = 0
  const optionsNow = (): BlobSyncOptions => ({
    store: counting(openStore(), (by) => (underWay += by)),
    remote,
    cipher: streamingCipher(SECRETS[secret] ?? SECRETS[0], { olderSecrets: SECRETS.filter((_, at) => at !== secret) }),
    clock,
    random: () => 0,
    live: false,
    download: policy,
    namespaces: ['default', 'other'],
    transfers: 3,
    trashMs: 3_600_000,
  })
  const start = (): BlobSync => {
    const blobs = createBlobSync(optionsNow())
    for (const name of [
      'blob.changed',
      'blob.synced',
      'blob.failed',
      'blob.held',
      'blob.deleted',
      'blob.evicted',
      'blob.trashed',
      'blob.missing',
    ] as const)
      blobs.on(name, ({ namespace, id, status, held, attempt, isHere, phase }) =>
        events.push(`${namespace}/${id} ${name} ${status} ${held} ${attempt} ${isHere} ${phase}`),
      )
    blobs.on('failure.reported', ({ _tag, message }) => events.push(`failure ${_tag} ${message}`))
    blobs.on('blob.crashed', ({ blob, error }) => events.push(`crash ${blob.id} ${String(error)}`))
    return blobs
  }
  const events: string[] = []
  let blobs = start()
  let stops = new Map<string, () => void>()

  const other = createBlobSync({ ...optionsNow(), store: memoryStore(), remote: plain, download: 'eager' })
  await other.ready

  /** All that can be done without the time going on is done. */
  const quiet = async (): Promise<void> => {
    for (let rest = 0; rest < 3;) {
      await settled()
      rest = underWay === 0 && !isBusy(blobs) && !isBusy(other) ? rest + 1 : 0
      await nextTurn()
    }
  }
  const tell = (what: string) => {
    // Of several blobs at once, who comes first may depend on the disk.
    const perBlob = events.splice(0)
    const list = blobs.list()
    history.push(
      what,
      ...perBlob.toSorted((a, b) =>
        (a.split(' ')[0] ?? '') < (b.split(' ')[0] ?? '') ? -1 : a.split(' ')[0] === b.split(' ')[0] ? 0 : 1,
      ),
      JSON.stringify(blobs.getSnapshot()),
      ...list.map((view) => JSON.stringify(view)).toSorted(),
      ...Array.from(stops.keys(), (text) =>
        JSON.stringify(blobs.blob(idIn(text), { namespace: namespaceIn(text) }).getSnapshot()),
      ),
    )
    const counted = { ...blobs.getSnapshot().counts }
    for (const { status } of list) if (status !== 'DELETED') counted[status] -= 1
    if (Object.values(counted).some((left) => left !== 0)) history.push(`WRONG COUNTS ${seed} ${what} ${JSON.stringify(counted)}`)
    const bytesHere = list.reduce((sum, { isHere, sizeBytes }) => sum + (isHere ? (sizeBytes ?? 0) : 0), 0)
    if (bytesHere !== blobs.getSnapshot().bytesHere) history.push(`WRONG BYTES ${bytesHere}`)
  }

  const call = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    let told: string | null = null
    void run().then(
      (value) => (told = `${what}: ${value instanceof Blob ? `${value.size} bytes` : (JSON.stringify(value) ?? 'done')}`),
      (error: unknown) => (told = `${what}: ${error instanceof BlobSyncError ? error.failure._tag : String(error)}`),
    )
    await quiet()
    // Some wait for an attempt that comes later.
    for (let waits = 0; told === null && waits < 100; waits += 1) await advanceQuietly(clock.advance, 5_000, quiet)
    tell(told ?? `${what}: NEVER`)
  }

  let puts = 0
  const op = async (): Promise<void> => {
    const id = IDS[random(IDS.length)] ?? 'a'
    const namespace = random(4) === 0 ? 'other' : 'default'
    const at = { namespace }
    const place = `${namespace}/${id}`
    const content = () => noise(50 + 37 * (puts += 1))
    switch (random(overlaps ? 24 : 22)) {
      case 0:
      case 1:
      case 2:
        return call(`put ${place}`, () =>
          blobs.put(content(), { ...at, id, isPinned: random(4) === 0, localOnly: random(6) === 0 }),
        )
      case 3:
        return call(`delete ${place}`, () => blobs.delete(id, at))
      case 4:
        return call(`get ${place}`, () => blobs.get(id, at))
      case 5:
        return call(`evict ${place}`, () => blobs.evict(id, at))
      case 6:
        return call(`pin ${place}`, () => blobs.setPinned(id, random(2) === 0, at))
      case 7:
        return call(`priority ${place}`, () => blobs.setPriority(id, random(2) === 0 ? 'urgent' : 'low', at))
      case 8:
        return call('retry', () => blobs.retry())
      case 9:
        return call(`restore ${place}`, () => blobs.restore(id, at))
      case 10:
        return call(`resolve ${place}`, () => blobs.resolve(id, random(2) === 0 ? 'mine' : 'theirs', at))
      case 11:
        return call('verify', () => blobs.verify())
      case 12:
        return call('whole', () => blobs.sync({ wait: false, whole: true }))
      case 13:
      case 14:
        return call(`other puts ${place}`, async () => {
          await other.put(content(), { ...at, id })
          await other.sync({ wait: false })
        })
      case 15:
        return call(`other deletes ${place}`, async () => {
          await other.sync({ wait: false })
          await other.delete(id, at)
          await other.sync({ wait: false })
        })
      case 16:
        // Lost without a word.
        namespaceNamed(memory, namespace)?.blobs.delete(key(id).id)
        return
      case 17: {
        const stop = stops.get(place)
        stops.delete(place)
        if (stop !== undefined) stop()
        else
          stops.set(
            place,
            blobs.blob(id, at).subscribe(({ status, held }) => events.push(`${place} seen ${status} ${held}`)),
          )
        return
      }
      case 18:
        failing = random(2) === 0 ? 0 : 4
        return
      case 19: {
        stops = new Map()
        await blobs.close()
        secret = random(2)
        blobs = start()
        await blobs.ready
        await quiet()
        return tell('restart')
      }
      case 22:
        return call(`all at once ${place}`, async () => {
          const options = { ...at, id }
          const given = content()
          const all = [
            blobs.setPinned(id, true, at),
            blobs.delete(id, at),
            blobs.put(given, options),
            blobs.get(id, at),
            blobs.evict(id, at),
            blobs.sync({ wait: false }),
          ]
          const done = await Promise.allSettled(random(2) === 0 ? all : all.toReversed())
          return done.map(({ status }) => status)
        })
      case 23:
        return call(`priority of all`, () =>
          Promise.allSettled(IDS.map((one) => blobs.setPriority(one, random(2) === 0 ? 'high' : 'low'))).then(() => 'done'),
        )
      default:
        return call('sync', () => blobs.sync({ wait: false }))
    }
  }
  await blobs.ready
  for (let step = 0; step < steps; step += 1) {
    await op()
    await quiet()
    if (random(3) === 0) {
      await advanceQuietly(clock.advance, random(4) === 0 ? 70_000 : 5_000, quiet)
      tell('later')
    }
  }
  failing = 0
  for (let round = 0; round < 4; round += 1) {
    await call('last sync', () => blobs.sync({ wait: false }))
    await advanceQuietly(clock.advance, 65_000, quiet)
  }
  tell('end')
  for (const [name, { blobs: kept, tombstones }] of memory.namespaces)
    history.push(`server ${name} ${[...kept.keys()].toSorted().join()} deleted ${[...tombstones].toSorted().join()}`)
  for (const { id, namespace } of blobs.list().toSorted((a, b) => (a.id + a.namespace < b.id + b.namespace ? -1 : 1)))
    await call(`content of ${namespace}/${id}`, () => blobs.get(id, { namespace }))
  await other.close()
  await blobs.close()
  return history
}

const advanceQuietly = async (advance: (ms: number) => Promise<void>, ms: number, quiet: () => Promise<void>): Promise<void> => {
  for (let gone = 0; gone < ms; gone += 5_000) {
    await advance(Math.min(5_000, ms - gone))
    await quiet()
  }
}

const idIn = (text: string) => text.slice(text.indexOf('/') + 1)
const namespaceIn = (text: string) => text.slice(0, text.indexOf('/'))

const isBusy = (blobs: BlobSync): boolean => {
  const { context, value } = blobs.actor.getSnapshot()
  const { inPhase } = context.roster
  return (
    inPhase.transferring.size + inPhase.entering.size + inPhase.marking.size > 0 ||
    ['recalling', 'listing'].includes(value.reconciliation)
  )
}

/** The store, and how many calls of it are under way. */
const counting = (store: Store, count: (by: number) => void): Store => {
  const counted =
    <A extends readonly unknown[], B>(call: (...given: A) => TE.TaskEither<Failure, B>) =>
    (...given: A): TE.TaskEither<Failure, B> =>
    async () => {
      count(1)
      try {
        // Others go on before it is written, and between that and the word of it.
        await nextTurn()
        const result = await call(...given)()
        await nextTurn()
        return result
      } finally {
        count(-1)
      }
    }
  return {
    ...store,
    record: counted(store.record),
    read: counted(store.read),
    write: counted(store.write),
    remember: counted(store.remember),
    drop: counted(store.drop),
    remove: counted(store.remove),
  }
}
