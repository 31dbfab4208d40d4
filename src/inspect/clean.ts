import { Failure } from '../model/failure'
import { BlobId, Namespace } from '../model/ids'
import { HeldReason, Priority, Status } from '../model/record'

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (u: unknown): u is Fields => typeof u === 'object' && u !== null && !Array.isArray(u)

const namesOf = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const numbers = namesOf(
  'accessRound alarmAtMs atMs attempts batchBlobs batchSlots changedAtMs dueAtMs encryptedBytes epoch erasedAtMs listAccessRound listAttempts listWaitMs ' +
    'listedBytes liveActors missingSinceMs plaintextBytes pollMs removalsToConfirm retryAfterMs roll sentBytes sizeBytes slowUntilMs ' +
    'slowdownMs transfers trashedAtMs turn usedAtMs verifyAttempts version waitMs',
)
const booleans = namesOf(
  'all hasLocks hasMore hasRecovered hasSlot isDone isExternal isHere isListWanted isOnline isOpen isOusted isPaused isPinned isShared isTokenProven ' +
    'makesRoom recovers steals uploadWasTried',
)
const phases = namesOf('queued transferring backingOff held resting marking')
const statuses = namesOf('active done error stopped')

const words: Readonly<Record<string, (u: unknown) => boolean>> = {
  namespace: Namespace.is,
  id: BlobId.is,
  held: HeldReason.is,
  priority: Priority.is,
  phase: (u) => typeof u === 'string' && phases.has(u),
  _tag: (u) => Failure.is({ _tag: u, message: '', retryAfterMs: null, all: false, status: 0 }),
}

/** Looked into, by the same rules. */
const nested = namesOf(
  'checkpoint command comparison data download failure input key lastFailure listFailure output record report upload',
)
/** Lists, of which only the length is told. */
const counted = namesOf('changed changes corrupt gone ids records')

const DEPTH_MAX = 6

/**
 * What of a context, an event or an outcome may leave: fields that are named here, as far as they are numbers, booleans, ids or words of
 * this library. A failure keeps its tag, not its message, which servers and apps have a hand in.
 */
export const clean = (value: unknown, depth = 0): Fields => {
  if (!isFields(value) || depth > DEPTH_MAX) return {}
  const kept: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    if (mayLeave(name, part)) kept[name] = part
    else if (name === 'type') kept[name] = isTypeOfOurs(part) ? part : OTHER
    else if (name === 'roster') kept[name] = figuresOf(part)
    else if (nested.has(name) && isFields(part)) kept[name] = clean(part, depth + 1)
    else if (counted.has(name) && Array.isArray(part)) kept[name] = part.length
  }
  return kept
}

const isKnown = (name: string): boolean =>
  numbers.has(name) || booleans.has(name) || name === 'status' || Object.hasOwn(words, name) || nested.has(name)

const mayLeave = (name: string, part: unknown): boolean => {
  if (part === null) return isKnown(name)
  if (typeof part === 'number') return numbers.has(name) || name === 'status'
  if (typeof part === 'boolean') return booleans.has(name) || name === 'output'
  return name === 'status' ? Status.is(part) : Object.hasOwn(words, name) && words[name]?.(part) === true
}

const OTHER = '(other)'
const typeOfXState = /^xstate\.[\w./:-]{1,600}$/
const typeOfOurs = /^[a-z]{1,20}\.[a-z]{1,20}$/

const isTypeOfOurs = (type: unknown): boolean => typeof type === 'string' && (typeOfOurs.test(type) || typeOfXState.test(type))

/** An event as it may leave; its type must be XState's, or one that the receiver's chart declares. */
export const cleanEvent = (
  event: { readonly type: string },
  declared: readonly string[],
): { readonly type: string } & Fields => ({
  ...clean(event),
  type: declared.includes(event.type) || typeOfXState.test(event.type) ? event.type : OTHER,
})

/** A snapshot as it may leave: where the actor is, what is kept of its context and output, and of an error only that there is one. */
export const cleanSnapshot = (snapshot: unknown): Fields & { readonly status: 'active' | 'done' | 'error' | 'stopped' } => {
  const { status, value, context, output, input, error } = isFields(snapshot) ? snapshot : {}
  return {
    status: isStatus(status) ? status : 'active',
    ...(value === undefined ? {} : { value: cleanValue(value) }),
    ...(context === undefined ? {} : { context: clean(context) }),
    ...clean({ output, input }),
    ...(error === undefined ? {} : { error: 'withheld' }),
    children: {},
    tags: [],
  }
}

const isStatus = (u: unknown): u is 'active' | 'done' | 'error' | 'stopped' => typeof u === 'string' && statuses.has(u)

/** Names of states, which are names in a chart. */
const cleanValue = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return value
  if (!isFields(value) || depth > DEPTH_MAX) return {}
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, cleanValue(part, depth + 1)]))
}

/** Of all blobs of a device, how many there are: the roster itself is never copied. */
const figuresOf = (roster: unknown): Fields => {
  const { size, live, tally } = isFields(roster)
    ? { size: roster['size'], live: roster['live'], tally: roster['tally'] }
    : { size: 0, live: null, tally: null }
  const { counts, held, active, bytesHere } = isFields(tally) ? tally : {}
  const perStatus = isFields(counts) ? Object.entries(counts).filter(([name, n]) => Status.is(name) && typeof n === 'number') : []
  const figures = { blobs: size, live: live instanceof Map ? live.size : 0, held, active, bytesHere }
  return {
    ...Object.fromEntries(Object.entries(figures).filter(([, figure]) => typeof figure === 'number')),
    counts: Object.fromEntries(perStatus),
  }
}
