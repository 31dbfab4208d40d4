import type { AnyActorRef, Observer, InspectionEvent } from 'xstate'
import type { PaceReason } from '../machines'
import type { Bandwidth } from './actors/limited'
import type { Cipher } from './cipher/cipher'
import type { Clock } from './clock'
import type { Connectivity } from './connectivity'
import type { Message } from './actors/receive'
import type { Failure } from './model/failure'
import type { HeldReason, Priority, Status } from './model/record'
import type { ListedBlob } from './model/wire'
import type { Remote } from './remote/remote'
import type { Store } from './store/store'
import type { Tabs } from './tabs'

export interface BlobSyncOptions {
  readonly store: Store
  readonly remote: Remote
  readonly cipher: Cipher
  /**
   * Transfers at once, at most: fewer while the remote asks for less (429), while transfers come to a standstill, and where with more of them fewer
   * bytes move. @default 6
   */
  readonly transfers?: number
  /** @default as much as can pass */
  readonly bandwidth?: Bandwidth
  /** Uses of the store at once, besides the reading of what is uploaded. @default 10 */
  readonly storage?: number
  /**
   * What big uploads may hold in memory, all together, where the remote takes them in parts: with much of it the parts are large. Each holds at least
   * two parts of 1 MiB. @default 32 MiB
   */
  readonly inFlightBytes?: number
  /** Blob actors alive at once, the observed ones besides: those that transfer, and as many that back off as there is room for. @default 64 */
  readonly liveActors?: number
  /** Namespaces that `sync` lists, besides those that the store knows. @default ['default'] */
  readonly namespaces?: readonly string[]
  /** @default { delaysMs: [10_000, 20_000, … 60_000], jitter: 0 } */
  readonly backoff?: Backoff
  /**
   * Which blobs that the remote lists are fetched by themselves; the others are held as `onDemand` until `get`, `retry` or `setPinned` asks
   * for them. A function decides blob by blob; it is asked at each start and each list about those that are not here, and wants none if it
   * throws. What was evicted waits to be asked for, whatever this says.
   * @default 'eager'
   */
  readonly download?: 'eager' | 'onDemand' | ((blob: ListedBlob) => boolean)
  readonly room?: RoomOptions
  /** Attempts whose bytes do not verify before a download has failed. @default 1 */
  readonly verifyAttempts?: number
  /** Starts as after `pause()`: nothing is sent or fetched until `resume()`, but for what `get` asks for. @default false */
  readonly paused?: boolean
  /**
   * Once the remote was compared, takes in by itself what other devices change: it keeps one request open where the remote has a feed of changes, and lists now and then
   * where it has none. It rests while the page is hidden, offline, paused or without access. False: only `sync` looks for changes.
   * @default true
   */
  readonly live?: boolean
  /** How long after a list the next one follows, where the remote has no feed, in milliseconds; up to 16 times as long while nothing changes. @default 60_000 */
  readonly pollMs?: number
  /** How long deleted copies rest in the trash. @default 30 days */
  readonly trashMs?: number
  /** @default what the platform believes; offline only if the remote cannot be reached either */
  readonly connectivity?: Connectivity
  /** @default the real time, through sleep and freezes */
  readonly clock?: Clock
  /**
   * How tabs that have the same store open reach each other; asked only if the store has the power `shared`. One of them leads: its options
   * are those that count. @default BroadcastChannel, and Web Locks where there are any
   */
  readonly tabs?: Tabs
  /** A number from 0 to below 1, for jitter. @default Math.random */
  readonly random?: () => number
  /** Receives XState's inspection events; see `blobsync/inspect`. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void)
}

/** The waits between attempts: the last one repeats. A Retry-After is never undercut. */
export interface Backoff {
  readonly delaysMs: readonly number[]
  /** Adds up to this part of the delay, at random: 0.5 makes 10 s last 10 to 15 s. @default 0 */
  readonly jitter?: number
}

/** How much of the device may be used, where the store tells how full it is. What the app puts is stored as long as there is any room. */
export interface RoomOptions {
  /** The share of the quota at which no more downloads begin, and `transfers` becomes `full`. @default 0.9 */
  readonly fullAt?: number
  /**
   * Makes room instead of waiting for it: evicts what was not used for longest until no more than this share of the quota is used. Each blob goes
   * only once the remote has confirmed that it holds it; never one that is pinned, pending, local or external. @default nothing is evicted
   */
  readonly evictTo?: number
}

export interface NamespaceOption {
  /** @default 'default' */
  readonly namespace?: string
}

export interface PutOptions extends NamespaceOption {
  /** `'content'` derives it from the content, so that the same bytes are stored once. @default a random UUID */
  readonly id?: string
  readonly priority?: Priority
  /** Kept on this device, never uploaded. */
  readonly localOnly?: boolean
  /** Never evicted on this device. @default false */
  readonly isPinned?: boolean
}

export interface GetOptions extends NamespaceOption {
  readonly signal?: AbortSignal
  /** Also gives a blob that someone else encrypted, as it was delivered. @default false */
  readonly external?: boolean
}

export interface SyncOptions {
  readonly signal?: AbortSignal
  /** False: one attempt each, then report. @default true */
  readonly wait?: boolean
  /** Goes on with a sync that was stopped because it would remove very many blobs. */
  readonly confirmRemovals?: boolean
  /** Lists everything, also where the remote tells what has changed since the last time: after `verify` has found a difference. @default false */
  readonly whole?: boolean
}

export interface VerifyOptions {
  readonly signal?: AbortSignal
}

/** Where this device and the remote differ. What waits to be uploaded, fetched or deleted is no difference. */
export interface VerifyReport {
  readonly isEqual: boolean
  /** Synced here, and not on the remote. */
  readonly notThere: readonly BlobRef[]
  /** On the remote, and not known here. */
  readonly notHere: readonly BlobRef[]
  /** On both sides, with other bytes. */
  readonly different: readonly BlobRef[]
}

/** How an app takes up what others delivered to it, encrypted or not. */
export interface IncomingOptions<Processed> {
  /** Makes of a message what the app wants to keep. What it throws makes the blob FAILED, with that as the reason. */
  readonly process: (message: Message) => Promise<Processed>
  /** Keeps it for good; only after that is the blob marked and deleted. A crash may let both be called again for the same id. */
  readonly save: (processed: Processed, message: Message) => Promise<void>
  /** @default 'MX' */
  readonly namespace?: string
  /** How long to wait before looking again, in milliseconds. @default 30_000 */
  readonly pollMs?: number
}

export interface IncomingHandle {
  /** Looks now; resolves once nothing is left to do, or nothing can be done. */
  readonly check: () => Promise<void>
  /** Lets a FAILED one be processed again. @throws {BlobSyncError} `NotFound`, or why the remote cannot be reached. */
  readonly retry: (id: string) => Promise<void>
  /** Ends it; what is under way is broken off and taken up by the next run. */
  readonly stop: () => void
  /** For users of XState. */
  readonly actor: AnyActorRef
}

/** One blob as its observers see it. Frozen, and the same object until something changed. */
export interface BlobView {
  readonly namespace: string
  readonly id: string
  /** `DELETED` once it is gone or was never here. */
  readonly status: Status | 'DELETED'
  /** The state inside the status: `queued`, `transferring`, `backingOff`, `held` or `resting`. */
  readonly phase: Phase
  readonly held: HeldReason | null
  readonly priority: Priority
  /** Plaintext bytes; null while unknown. */
  readonly sizeBytes: number | null
  readonly isHere: boolean
  /** Stays on this device, whatever is fetched on demand or evicted. */
  readonly isPinned: boolean
  readonly isExternal: boolean
  /** Attempts of the transfer under way, from 1; 0 before the first. */
  readonly attempt: number
  readonly nextAttemptAtMs: number | null
  readonly lastFailure: Failure | null
  /** Of the transfer under way, or of one that was cut and goes on from there; null when there is none. */
  readonly progress: Progress | null
}

export interface Progress {
  /** Encrypted bytes that the other side has taken or given, over all attempts, and in all. */
  readonly bytes: number
  readonly totalBytes: number | null
  /** Of the attempt under way, smoothed; null while unknown. */
  readonly bytesPerSecond: number | null
  readonly msLeft: number | null
}

export type Phase = 'queued' | 'transferring' | 'backingOff' | 'held' | 'resting'

/** All blobs in figures. The same object until something changed, as `useSyncExternalStore` wants it. */
export interface Snapshot {
  readonly counts: Readonly<Record<Status, number>>
  /** Of these, how many are held. */
  readonly held: number
  /** Blobs with work: queued, transferring or backing off. */
  readonly active: number
  /** Plaintext bytes of the blobs whose payload is here. */
  readonly bytesHere: number
  readonly connectivity: 'online' | 'offline'
  readonly access: 'granted' | 'refreshing' | 'denied'
  /** `full`: this device has too little room, downloads wait; uploads go on. */
  readonly transfers: 'running' | 'paused' | 'full'
  /** How many transfers there may be at once now, and why not as many as the app allows; null: as many. */
  readonly pace: { readonly transfers: number; readonly reason: PaceReason | null }
  /** `exhausted`: the account is full, uploads wait. */
  readonly quota: 'available' | 'exhausted' | 'probing'
  readonly reconciliation: 'idle' | 'recalling' | 'listing' | 'comparing' | 'backingOff'
  /** Why the list could not be read, until it could. */
  readonly lastListFailure: Failure | null
}

/** What a sync did. Ids come with their namespace. */
export interface SyncReport {
  readonly uploaded: readonly BlobRef[]
  readonly downloaded: readonly BlobRef[]
  /** Deleted on the remote. */
  readonly deleted: readonly BlobRef[]
  /** Moved to the trash here because the remote has a tombstone. */
  readonly trashed: readonly BlobRef[]
  /** Were synced, are gone from the remote without a tombstone: looked for again, then uploaded again. */
  readonly missing: readonly BlobRef[]
  /** Did not verify. */
  readonly failed: readonly BlobTrouble[]
  readonly held: readonly BlobTrouble[]
  /** Still waiting for another attempt (only with `wait: false`, or when paused or without access). */
  readonly waiting: readonly BlobTrouble[]
  /** Records and messages that did not decode. */
  readonly corrupt: readonly Failure[]
  /** Why the list could not be read or applied; null if it was. */
  readonly failure: Failure | null
  /** How many blobs the tombstones would remove, when that is so many that the app must confirm; else 0. */
  readonly removalsToConfirm: number
}

export interface BlobRef {
  readonly namespace: string
  readonly id: string
}

export interface BlobTrouble extends BlobRef {
  readonly held: HeldReason | null
  readonly failure: Failure | null
}

/** One link of an explanation, the most immediate first. */
export interface Reason {
  /** Stable, for programs: `resting`, `queued`, `backingOff`, `held.conflict`, `offline`, `paused`, `denied`, `failure.Unreachable` … */
  readonly code: string
  /** A plain sentence for people. */
  readonly text: string
}

export interface BlobSyncEvents {
  readonly 'blob.added': BlobView
  readonly 'blob.changed': BlobView
  readonly 'blob.synced': BlobView
  readonly 'blob.failed': BlobView
  readonly 'blob.held': BlobView
  readonly 'blob.deleted': BlobView
  /** Its payload was given up here: it is fetched when it is asked for. */
  readonly 'blob.evicted': BlobView
  /** A tombstone moved it to the trash. */
  readonly 'blob.trashed': BlobView
  /** It was synced and the remote lacks it without a tombstone. */
  readonly 'blob.missing': BlobView
  /** A bug: the blob's actor crashed and the blob was set aside until the next start. */
  readonly 'blob.crashed': { readonly blob: BlobView; readonly error: unknown }
  /** An incoming blob was processed and saved, and is deleted on the remote. */
  readonly 'incoming.saved': BlobRef
  /** An incoming blob could not be processed or saved: it stays on the remote, marked FAILED. */
  readonly 'incoming.failed': BlobRef & { readonly failure: Failure }
  /** A record or message that did not decode, or a store that failed outside a transfer. */
  readonly 'failure.reported': Failure
  /** What `list` gives is another array now; told once for all that happens in a moment. */
  readonly 'list.changed': readonly BlobView[]
}

/** What `blobs.blob(id)` gives. */
export interface BlobHandle {
  readonly getSnapshot: () => BlobView
  /** Calls the listener at once and at each change. @returns what ends it. */
  readonly subscribe: (listener: (view: BlobView) => void) => () => void
}

export interface BlobSync {
  /**
   * Stores a blob; resolves when it is durable here, and uploads it when it can.
   *
   * @throws {BlobSyncError} `Exists` if the id is taken by other content; `TooLarge`, `StorageFull`, `StorageBroken`, `Corrupt` (an id
   * or namespace that is none).
   */
  readonly put: (content: Content, options?: PutOptions) => Promise<BlobView>
  /**
   * The verified content: from here, or fetched at once. It may be read lazily: what an app keeps open for longer than a minute on a device that
   * evicts should be pinned.
   *
   * @throws {BlobSyncError} the first failure; for FAILED_DOWNLOAD without a request.
   */
  readonly get: (id: string, options?: GetOptions) => Promise<Blob>
  /** Deletes here and, when it can, on the remote; resolves when the mark is durable. An id that is not known is `NotFound`. */
  readonly delete: (id: string, options?: NamespaceOption) => Promise<void>
  /** Brings a copy back that a tombstone moved to the trash, as a blob to be uploaded again. */
  readonly restore: (id: string, options?: NamespaceOption) => Promise<void>
  /** Settles a conflict: `mine` deletes the remote's blob and uploads this one; `theirs` fetches the remote's, then drops this one. */
  readonly resolve: (id: string, choice: 'mine' | 'theirs', options?: NamespaceOption) => Promise<void>
  /** Tries again at once: what backs off, is held as forbidden, tooLarge or corrupt, or has failed. Without an id: all of these; with one, `onDemand` too. */
  readonly retry: (id?: string, options?: NamespaceOption) => Promise<void>
  /** Pinned blobs are never evicted; one that waits on demand is fetched. Resolves when that is durable. An id that is not known is `NotFound`. */
  readonly setPinned: (id: string, isPinned: boolean, options?: NamespaceOption) => Promise<void>
  /**
   * Frees the room of a blob here, once the remote has confirmed that it holds the same; `get` fetches it again. Of one
   * that waits for its download, what is kept of that is given up. Harmless for one of which nothing is here.
   *
   * @throws {BlobSyncError} `Forbidden` for one that is pinned, pending or external; `NotFound` or `Tampered` where the remote does not confirm
   * it; `Unreachable`. Then it stays.
   */
  readonly evict: (id: string, options?: NamespaceOption) => Promise<void>
  readonly setPriority: (id: string, priority: Priority, options?: NamespaceOption) => Promise<void>
  /** Compares with the remote and transfers until every blob is synced, held or failed. */
  readonly sync: (options?: SyncOptions) => Promise<SyncReport>
  /**
   * Compares what is here with what the remote holds, after a look at what has changed: by one small request where both are the same, else by as few as show
   * where they differ. Nothing is changed: `sync({ whole: true })` puts right what it finds.
   *
   * @throws {BlobSyncError} why the remote cannot be asked.
   */
  readonly verify: (options?: VerifyOptions) => Promise<VerifyReport>
  /** Stops transfers; those under way are aborted and go on later. */
  readonly pause: () => void
  /** Goes on after `pause`, after a new token, after quota or room was made. */
  readonly resume: () => void
  /** Resolves when no blob has work that can go on now without outside help: none is active, or all is paused. */
  readonly idle: () => Promise<void>
  readonly explain: (id: string, options?: NamespaceOption) => readonly Reason[]
  /**
   * Empties the incoming box, where others deliver: the oldest first, each marked PROCESSING, processed, saved, only then marked PROCESSED
   * and deleted. It works while transfers may, until it is stopped or blobsync is closed.
   *
   * @throws {BlobSyncError} `Forbidden` if the remote has no flags; `Corrupt` for a namespace that is none; `Aborted` after `close`.
   */
  readonly incoming: <Processed>(options: IncomingOptions<Processed>) => IncomingHandle
  readonly blob: (id: string, options?: NamespaceOption) => BlobHandle
  /**
   * Every blob known here, in no order; those in the trash are left out. The same array until something changed, and in it the same view of
   * what did not; `list.changed` tells.
   */
  readonly list: () => readonly BlobView[]
  readonly subscribe: (listener: (snapshot: Snapshot) => void) => () => void
  readonly getSnapshot: () => Snapshot
  readonly on: <Name extends keyof BlobSyncEvents>(name: Name, listener: (event: BlobSyncEvents[Name]) => void) => () => void
  /** Resolves when the store's records are read; rejects if the store cannot be opened. Every other call waits for it by itself. */
  readonly ready: Promise<void>
  /** The coordinator, for users of XState. */
  readonly actor: AnyActorRef
  /** Ends every transfer and timer and closes the store. */
  readonly close: () => Promise<void>
}

/** What can be put: bytes, a Blob or File, a stream, or in Node a path as `{ path }`. */
export type Content = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** What the Promise API throws: a failure with a stack. */
export class BlobSyncError extends Error {
  override readonly name = 'BlobSyncError'
  readonly failure: Failure
  readonly blob: BlobRef | null
  constructor(failure: Failure, blob: BlobRef | null = null) {
    super(failure.message)
    this.failure = failure
    this.blob = blob
  }
}

export const isBlobSyncError = (error: unknown): error is BlobSyncError => error instanceof BlobSyncError
