import { expect, test } from 'vitest'
import { failure, serverError, throttled } from '../../src/model/failure'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import { encryptedStore } from '../../src/store/encrypted'
import { memoryStore, newMemory, type Memory } from '../../src/store/memory'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { longOr } from '../long'
import { randomOf } from '../crash/content'
import { virtualClock } from '../virtual-clock'
import { cutLine } from './cut-downloads'
import { device, secret } from './device'
import { cipher, crashed, cut, line, MiB, type Fate } from './in-parts'

const IDS = ['a', 'b', 'c'] as const
type Id = (typeof IDS)[number]
const SIZES_BYTES: Readonly<Record<Id, number>> = { a: 3_600_000, b: 2_500_000, c: 5_300_000 }
const FATES: readonly Fate[] = [
  'lost',
  'half',
  'unheard',
  serverError('it stumbles', 500),
  throttled('later', 3000, false),
  failure('Unauthorized', 'the token is old'),
  failure('NotFound', 'it has expired'),
  failure('QuotaExceeded', 'the account is full'),
]

/** Two devices, one that puts and one that reads, on lines that fail, while the app does what it likes, and each may die at any time. */
const runSeed = async (seed: number): Promise<void> => {
  const random = randomOf(seed)
  const memory = remoteMemory()
  const clock = virtualClock()
  let isQuiet = false
  const up = line(memory)
  up.fate = ({ verb }) => {
    if (isQuiet || random(5) > 0) return null
    const fate = FATES[random(FATES.length)] ?? null
    const isExpiry = fate !== null && typeof fate === 'object' && fate._tag === 'NotFound'
    if (!isExpiry) return fate
    if (verb !== 'append' && verb !== 'offset') return cut
    memory.sessions.clear()
    return fate
  }
  const down = cutLine(memory, memoryRemote({ memory, powers: { batches: false } }))
  down.cutAfter = () => (isQuiet || random(3) === 0 ? Infinity : random(5_000_000))

  // What the app does comes while things are on their way.
  const takesTime = (mostMs: number) =>
    isQuiet ? Promise.resolve() : new Promise<void>((resolve) => void clock.setTimeout(resolve, random(mostMs)))
  up.after = () => takesTime(2000)
  down.before = () => (random(4) === 0 ? takesTime(1000) : undefined)

  const options = { cipher, clock, random: () => 0, inFlightBytes: 2 * MiB }
  const isEncrypted = random(2) === 0
  const storeOf = (disk: Memory) => (isEncrypted ? encryptedStore(memoryStore(disk), secret) : memoryStore(disk))
  let writerDisk = newMemory()
  let readerDisk = newMemory()
  const startWriter = () => device({ ...options, store: storeOf(writerDisk), remote: up.remote, transfers: 1 + random(3) })
  const startReader = () => device({ ...options, store: storeOf(readerDisk), remote: down.remote, transfers: 1 + random(3) })
  let writer = startWriter()
  let reader = startReader()

  const alive = new Set<Id>()
  const deleted = new Set<Id>()
  const anyId = (): Id => IDS[random(IDS.length)] ?? 'a'
  const harmless = (done: Promise<unknown>) => void done.catch(() => {})
  const priorities = ['low', 'medium', 'high', 'urgent'] as const
  const ops: readonly (() => Promise<void> | void)[] = [
    async () => {
      const id = anyId()
      if (alive.has(id) || deleted.has(id)) return
      await writer.put(noise(SIZES_BYTES[id]), { id })
      alive.add(id)
    },
    () => harmless(writer.sync()),
    () => harmless(reader.sync()),
    () => (random(2) === 0 ? writer : reader).pause(),
    () => [writer, reader].forEach((each) => each.resume()),
    () => harmless((random(2) === 0 ? writer : reader).setPriority(anyId(), priorities[random(4)] ?? 'low')),
    () => harmless(reader.setPinned(anyId(), random(2) === 0)),
    () => harmless(reader.evict(anyId())),
    () => harmless(reader.get(anyId())),
    () => harmless((random(2) === 0 ? writer : reader).retry()),
    () => {
      const died = writer
      writerDisk = crashed(writerDisk)
      harmless(died.close())
      writer = startWriter()
    },
    () => {
      const died = reader
      readerDisk = crashed(readerDisk)
      harmless(died.close())
      reader = startReader()
    },
    async () => {
      const id = anyId()
      if (random(4) > 0 || !alive.has(id)) return
      await writer.delete(id)
      alive.delete(id)
      deleted.add(id)
    },
  ]
  for (let step = 0; step < 60; step += 1) {
    await ops[random(ops.length)]?.()
    await clock.advance(random(4) === 0 ? 20_000 : random(500))
  }

  isQuiet = true
  for (const id of IDS) {
    if (alive.has(id) || deleted.has(id)) continue
    await writer.put(noise(SIZES_BYTES[id]), { id })
    alive.add(id)
  }
  for (let round = 0; round < 12; round += 1) {
    for (const each of [writer, reader]) {
      each.resume()
      harmless(each.sync())
    }
    for (let minute = 0; minute < 3; minute += 1) await clock.advance(60_000)
  }
  for (const id of alive) {
    expect(writer.blob(id).getSnapshot(), `${id}, where it was put`).toMatchObject({ status: 'SYNCED' })
    const got = reader.get(id)
    harmless(got)
    await clock.advance(1000)
    expectBytes(new Uint8Array(await (await got).arrayBuffer()), noise(SIZES_BYTES[id]), `${id}, where it is read`)
  }
  for (const id of deleted) expect(reader.blob(id).getSnapshot().status).toBe('DELETED')
  // A creation of which nobody heard has no byte, and expires.
  const begun = [...memory.sessions.values()].filter(({ arrivedBytes }) => arrivedBytes > 0)
  expect(begun, 'uploads that nobody ended').toEqual([])
  expect([readerDisk.kept.size, writerDisk.kept.size], 'what is kept of downloads that are through').toEqual([0, 0])
  await Promise.all([writer.close(), reader.close()])
}

test.for(Array.from({ length: longOr(100, 8) }, (_, seed) => seed))(
  'big blobs come through whatever fails and whatever the app does, seed %d',
  { timeout: 120_000 },
  runSeed,
)
