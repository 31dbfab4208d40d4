import * as t from 'io-ts'
import { Failure } from './model/failure'
import { BlobId, Namespace } from './model/ids'
import { BlobRecord, HeldReason, Priority } from './model/record'
import type { Phase, Snapshot, SyncReport } from './options'

/** Tabs may run other versions of an app: those that speak otherwise do not hear each other, but share the lock and the epochs. */
export const PROTOCOL = 1

const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.null])
const type = <P extends t.Props>(props: P) => t.readonly(t.type(props))
const list = <C extends t.Mixed>(codec: C) => t.readonlyArray(codec)

const ref = { namespace: t.string, id: t.string }
const trouble = list(type({ ...ref, held: optional(HeldReason), failure: optional(Failure) }))
const refs = list(type(ref))

const Report: t.Type<SyncReport> = type({
  uploaded: refs,
  downloaded: refs,
  deleted: refs,
  trashed: refs,
  missing: refs,
  failed: trouble,
  held: trouble,
  waiting: trouble,
  corrupt: list(Failure),
  failure: optional(Failure),
  removalsToConfirm: t.number,
})

const key = [BlobId, Namespace] as const
const none = { args: t.null, result: t.unknown }
const ofBlob = { args: t.tuple([...key]), result: t.unknown }

/** What may be asked of the leader: with what, and what comes back. Doing it twice is harmless. */
const calls = {
  /** Keeps everyone else from a blob until `added` comes with the same token. */
  turn: { args: t.tuple([...key, t.string]), result: t.unknown },
  /** Something may have been added under this id: is a blob there? */
  added: { args: t.tuple([...key, t.string]), result: t.boolean },
  fetch: ofBlob,
  delete: ofBlob,
  restore: ofBlob,
  resolve: { args: t.tuple([...key, t.keyof({ mine: null, theirs: null })]), result: t.unknown },
  retry: ofBlob,
  retryAll: none,
  evict: ofBlob,
  /** The payload was given to the app of another tab. */
  used: ofBlob,
  setPinned: { args: t.tuple([...key, t.boolean]), result: t.unknown },
  setPriority: { args: t.tuple([...key, Priority]), result: t.unknown },
  /** Whether to wait, whether very many may be removed, and, where that is so, that everything is to be listed. */
  sync: { args: t.readonlyArray(t.boolean), result: Report },
  idle: none,
  pause: none,
  resume: none,
}

export type Verb = keyof typeof calls
export type Args<V extends Verb> = t.TypeOf<(typeof calls)[V]['args']>
export type Result<V extends Verb> = t.TypeOf<(typeof calls)[V]['result']>

/** How what is asked and answered is checked, verb by verb. */
export const codecs: {
  readonly [V in Verb]: { readonly args: t.Type<Args<V>, unknown>; readonly result: t.Type<Result<V>, unknown> }
} = calls

const isVerb = (verb: string): verb is Verb => Object.hasOwn(calls, verb)
const Verb = t.refinement(t.string, isVerb)

/** What the snapshot says besides figures, which every tab has itself. */
export type Regions = Omit<Snapshot, 'counts' | 'held' | 'active' | 'bytesHere'>

const Regions: t.Type<Regions> = type({
  connectivity: t.keyof({ online: null, offline: null }),
  access: t.keyof({ granted: null, refreshing: null, denied: null }),
  transfers: t.keyof({ running: null, paused: null, full: null }),
  pace: type({ transfers: t.number, reason: optional(t.keyof({ throttled: null, stalled: null, slower: null })) }),
  quota: t.keyof({ available: null, exhausted: null, probing: null }),
  reconciliation: t.keyof({ idle: null, recalling: null, listing: null, comparing: null, backingOff: null }),
  lastListFailure: optional(Failure),
})

const phase: t.Type<Phase> = t.keyof({ queued: null, transferring: null, backingOff: null, held: null, resting: null })

/** Where one blob is now; without a record it is gone. */
const Change = type({
  namespace: Namespace,
  id: BlobId,
  record: optional(BlobRecord),
  phase,
  progress: optional(type({ bytes: t.number, totalBytes: optional(t.number) })),
})
export type Change = t.TypeOf<typeof Change>

const message = <Kind extends string, P extends t.Props>(kind: Kind, props: P) => type({ kind: t.literal(kind), ...props })

/** All that goes over the channel. What does not decode is from no tab of ours, and nobody answers it. */
export const Message = t.union([
  /** Who leads? `reads`: and what does the store not say? */
  message('ping', { from: t.string, reads: t.boolean }),
  message('asked', { from: t.string, request: t.string, verb: Verb, args: t.unknown }),
  /** Whoever asked waits no more: it has the answer, or wants none. */
  message('withdrawn', { request: t.string }),
  message('bye', { from: t.string, epoch: optional(t.number) }),
  /**
   * The leader's word that it is there; `told`: the number of its last `changed`, null while it still reads the store itself. Whatever
   * the store may not say yet follows for the one it is said `to`.
   */
  message('leads', { epoch: t.number, told: optional(t.number), to: optional(t.string) }),
  message('changed', { epoch: t.number, told: t.number, regions: Regions, isPaused: t.boolean, changes: list(Change) }),
  /** Without either part: it is being done. */
  message('answered', {
    epoch: t.number,
    request: t.string,
    done: optional(type({ result: t.unknown })),
    failure: optional(Failure),
  }),
])
export type Message = t.TypeOf<typeof Message>
export type Told = Extract<Message, { kind: 'changed' }>
