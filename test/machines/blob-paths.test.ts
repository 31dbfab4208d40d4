import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { blobMachine, defaultDelaysMs, type BlobEvent, type BlobInput } from '../../machines'
import { failure, type Failure } from '../../src/model/failure'
import { blobKey, keyText } from '../../src/model/ids'
import type { Outcome } from '../../src/model/outcome'
import { newRecord, type BlobRecord, type HeldReason } from '../../src/model/record'
import { world } from './world'

const AT_MS = 1_000_000

/** The chart alone, without a coordinator; what it remembers is written to `disk`. */
const alone = (disk: { record: BlobRecord | null }) =>
  blobMachine.provide({
    actions: {
      report: () => {},
      reportGone: () => {
        disk.record = null
      },
      remember: ({ context }) => {
        disk.record = context.record
      },
    },
  })

const key = (() => {
  const made = blobKey('walked')
  if (made._tag === 'Left') throw new Error(made.left.message)
  return made.right
})()

const recordOf = (given: Partial<BlobRecord>): BlobRecord =>
  newRecord({ ...key, status: 'PENDING_UPLOAD', sizeBytes: 1, isHere: true, seal: 'seal', changedAtMs: AT_MS, ...given })

const inputOf = (record: BlobRecord): BlobInput => ({
  record,
  turn: 1,
  hasSlot: false,
  backoff: { delaysMs: defaultDelaysMs, jitter: 0 },
  verifyAttempts: 1,
})

type DoneEvent = { readonly type: `xstate.done.actor.0.blob.${string}`; readonly output: Outcome }
type Event = BlobEvent | DoneEvent | { readonly type: 'xstate.after.backoff.blob.PENDING_UPLOAD.backingOff' }

const failures: readonly Failure[] = [
  failure('Unreachable', 'cut'),
  failure('Unauthorized', 'old token'),
  failure('Forbidden', 'no'),
  failure('TooLarge', 'too large'),
  failure('Corrupt', 'damaged'),
  failure('Tampered', 'wrong tag'),
  failure('QuotaExceeded', 'full'),
  failure('StorageFull', 'full here'),
  failure('Aborted', 'called off'),
]

const download = { checkpoint: { seal: 'seal', encryptedBytes: 1, plaintextBytes: 1 }, sizeBytes: 2, tag: null }

const rest = { held: null, attempts: 0, dueAtMs: null, failure: null } as const

/** What the four actors may answer, given the record that they were asked about. */
const outcomesOf = (actor: string, record: BlobRecord): readonly Outcome[] => {
  const done = (changes: Partial<BlobRecord>): Outcome => ({ isDone: true, record: { ...record, ...rest, ...changes } })
  const yielded = (changes: Partial<BlobRecord>): Outcome => ({
    isDone: false,
    failure: null,
    record: { ...record, failure: null, ...changes },
    atMs: AT_MS,
    roll: 0,
  })
  const failed = failures.map((reason): Outcome => ({ isDone: false, failure: reason, record, atMs: AT_MS, roll: 0 }))
  switch (actor) {
    case 'PENDING_UPLOAD.transferring':
      return [done({ status: 'SYNCED', uploadWasTried: true }), yielded({ upload: { session: 's', sentBytes: 1 } }), ...failed]
    case 'PENDING_DOWNLOAD.transferring':
      return [done({ status: 'SYNCED', isHere: true }), yielded({ download }), ...failed]
    case 'PENDING_DELETE.transferring':
      return [done({ erasedAtMs: AT_MS }), ...failed]
    default: {
      const isLocalMatter = record.held === 'localOnly' || record.held === 'conflict' || !record.uploadWasTried
      const marked = isLocalMatter && record.status === 'PENDING_UPLOAD' ? { isDone: true as const, record } : null
      return [marked ?? done({ status: 'PENDING_DELETE', isHere: false }), ...failed.slice(0, 1)]
    }
  }
}

const revisions: readonly Partial<BlobRecord>[] = [
  { status: 'SYNCED' },
  { status: 'FAILED_DOWNLOAD', isHere: false },
  { status: 'PENDING_DOWNLOAD', isHere: false },
  { status: 'PENDING_DOWNLOAD', isHere: false, held: 'onDemand' },
  { status: 'PENDING_UPLOAD', held: 'localOnly' },
  { status: 'PENDING_UPLOAD', held: 'conflict', uploadWasTried: true },
  { status: 'PENDING_UPLOAD', attempts: 1, dueAtMs: AT_MS + 10_000, uploadWasTried: true },
  { status: 'PENDING_DELETE', isHere: false, uploadWasTried: true },
]

const plainEvents: readonly BlobEvent[] = [
  { type: 'slot.granted', turn: 2 },
  { type: 'slot.revoked' },
  { type: 'blob.woken' },
  { type: 'blob.retried' },
  { type: 'blob.deleted' },
  { type: 'blob.prioritised', priority: 'urgent' },
  ...revisions.map((given): BlobEvent => ({ type: 'blob.revised', record: recordOf(given) })),
]

const pathOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  return Object.entries(value as Record<string, unknown>)
    .map(([name, inner]) => `${name}.${pathOf(inner)}`)
    .join()
}

/** What a record says about where its blob is; the words of the design, not of the chart. */
const stateOf = ({ status, held, dueAtMs, erasedAtMs }: BlobRecord): string => {
  if (status === 'SYNCED' || status === 'FAILED_DOWNLOAD') return status
  if (held !== null) return `${status}.held`
  if (erasedAtMs !== null) return `${status}.confirming`
  return `${status}.${dueAtMs === null ? 'queued' : 'backingOff'}`
}

const eventsAt = (value: unknown, record: BlobRecord): readonly Event[] => {
  const at = pathOf(value)
  if (at === 'DELETED') return []
  const isInvoking = at.endsWith('.transferring') || at.endsWith('.marking')
  const done = isInvoking
    ? outcomesOf(at, record).map((output): Event => ({ type: `xstate.done.actor.0.blob.${at}`, output }))
    : []
  // The type of this event differs per state; one stands for all.
  const after = at.endsWith('.backingOff') ? [{ type: `xstate.after.backoff.blob.${at}` } as Event] : []
  return [...plainEvents, ...done, ...after]
}

const paths = getShortestPaths(alone({ record: null }), {
  input: inputOf(recordOf({ uploadWasTried: false })),
  // The graph takes whatever events it is given; the machine's own type leaves XState's events out.
  events: (snapshot) => [...eventsAt(snapshot.value, snapshot.context.record)] as BlobEvent[],
  serializeState: ({ value, context: { record } }) =>
    JSON.stringify([
      pathOf(value),
      record.status,
      record.held,
      record.dueAtMs !== null,
      record.erasedAtMs !== null,
      record.uploadWasTried,
      record.upload !== null || record.download !== null,
      record.failure?._tag,
    ]),
})

/** Walks a path on a live actor. What an actor of the chart gave, or a revision says, is on disk before the chart hears of it. */
const walk = (steps: readonly { readonly event: { readonly type: string } }[]) => {
  const disk: { record: BlobRecord | null } = { record: recordOf({ uploadWasTried: false }) }
  const actor = createActor(alone(disk), { input: inputOf(recordOf({ uploadWasTried: false })) })
  actor.start()
  for (const { event } of steps) {
    if (event.type === 'xstate.init') continue
    const known = event as Event
    if ('output' in known && known.output.isDone) disk.record = known.output.record
    if (known.type === 'blob.revised') disk.record = known.record
    actor.send(known as BlobEvent)
  }
  const { value } = actor.getSnapshot()
  actor.stop()
  return { at: pathOf(value), left: disk.record }
}

const everyState = [
  'SYNCED',
  'FAILED_DOWNLOAD',
  ...['PENDING_UPLOAD', 'PENDING_DOWNLOAD', 'PENDING_DELETE'].flatMap((status) =>
    ['queued', 'transferring', 'backingOff', 'held'].map((phase) => `${status}.${phase}`),
  ),
  'PENDING_DELETE.marking',
  'PENDING_DELETE.confirming',
  'DELETED',
]

describe('the chart of a blob', () => {
  test('is reached in every state where a blob can stay, and in no other', () => {
    expect(new Set(paths.map(({ state }) => pathOf(state.value)))).toEqual(new Set(everyState))
  })

  test('goes the same shortest paths alive', () => {
    expect(paths.length).toBeGreaterThan(100)
    for (const { state, steps } of paths) expect(walk(steps).at).toBe(pathOf(state.value))
  })

  test('leaves a record at every step from which it starts again where the record says', () => {
    for (const { steps } of paths) {
      const { left } = walk(steps)
      if (left === null) continue
      const actor = createActor(alone({ record: null }), { input: inputOf(left) })
      actor.start()
      expect(pathOf(actor.getSnapshot().value)).toBe(stateOf(left))
      actor.stop()
    }
  })

  test('begins at once with a slot from birth where it has work, and asks for another after that', () => {
    const begun = new Set<string>()
    for (const { steps } of paths) {
      const { left } = walk(steps)
      if (left === null) continue
      const actor = createActor(alone({ record: null }), { input: { ...inputOf(left), hasSlot: true } })
      actor.start()
      const at = stateOf(left)
      expect(pathOf(actor.getSnapshot().value)).toBe(at.replace('queued', 'transferring'))
      if (at.endsWith('queued')) {
        begun.add(at)
        actor.send({ type: 'blob.revised', record: left })
        expect(pathOf(actor.getSnapshot().value)).toBe(at)
      }
      actor.stop()
    }
    expect(begun).toEqual(new Set(['PENDING_UPLOAD.queued', 'PENDING_DOWNLOAD.queued', 'PENDING_DELETE.queued']))
  })

  test('goes back to the queue after a part, without an attempt, a wait or a failure', () => {
    const records = [
      recordOf({ attempts: 2, uploadWasTried: true }),
      recordOf({ attempts: 2, status: 'PENDING_DOWNLOAD', isHere: false }),
    ]
    for (const record of records) {
      const disk = { record: null }
      const actor = createActor(alone(disk), { input: { ...inputOf(record), hasSlot: true } })
      actor.start()
      const further: BlobRecord = { ...record, attempts: 0, upload: { session: 's', sentBytes: 1 } }
      const output: Outcome = { isDone: false, failure: null, record: further, atMs: AT_MS, roll: 0 }
      actor.send({ type: `xstate.done.actor.0.blob.${record.status}.transferring`, output } as unknown as BlobEvent)
      expect(pathOf(actor.getSnapshot().value)).toBe(`${record.status}.queued`)
      expect(actor.getSnapshot().context.record).toEqual(further)
      // The store is not written for it.
      expect(disk.record).toBeNull()
      actor.stop()
    }
  })

  test('refuses a retry of what only the app can settle', () => {
    const reasons: readonly HeldReason[] = ['localOnly', 'conflict']
    for (const held of reasons) {
      const actor = createActor(alone({ record: null }), { input: inputOf(recordOf({ held })) })
      actor.start()
      actor.send({ type: 'blob.retried' })
      expect(pathOf(actor.getSnapshot().value)).toBe('PENDING_UPLOAD.held')
      actor.stop()
    }
  })
})

const left = new Map<string, BlobRecord>()
for (const { steps } of paths) {
  const { left: record } = walk(steps)
  if (record !== null) left.set(JSON.stringify(record), record)
}

describe('a blob that a crash left behind', () => {
  for (const state of new Set([...left.values()].map(stateOf))) {
    test(`in ${state} is there after a restart, and ends`, async () => {
      for (const record of [...left.values()].filter((each) => stateOf(each) === state)) {
        const made = world()
        made.memory.records.set(keyText(key), record)
        if (record.isHere) made.memory.payloads.set(keyText(key), new Uint8Array(1))
        if (record.status === 'PENDING_DOWNLOAD') {
          made.remoteMemory.namespaces.set(key.namespace, {
            blobs: new Map([[key.id, new Uint8Array(16)]]),
            tombstones: new Set(),
            flags: new Map(),
          })
        }
        made.online(false)
        const blobs = made.start()
        await blobs.ready
        const { status, phase } = blobs.blob(key.id).getSnapshot()
        const shown = phase === 'resting' && status !== 'PENDING_DELETE' ? status : `${status}.${phase}`
        expect(shown).toBe(state.replace('confirming', 'resting'))
        made.online(true)
        await made.clock.advance(120_000)
        const end = blobs.blob(key.id).getSnapshot()
        if (record.held !== null) expect(end).toMatchObject({ status: record.status, held: record.held })
        else if (record.status === 'FAILED_DOWNLOAD') expect(end.status).toBe('FAILED_DOWNLOAD')
        else if (record.status === 'PENDING_DELETE') expect(end).toMatchObject({ status: 'PENDING_DELETE', phase: 'resting' })
        else expect(end.status).toBe('SYNCED')
        await blobs.close()
        expect(made.clock.pending()).toBe(0)
      }
    })
  }
})
