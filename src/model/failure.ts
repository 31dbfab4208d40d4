import * as t from 'io-ts'
import type { HeldReason } from './record'

const reason = t.readonly(t.type({ message: t.string }))

const tagged = <Tag extends string>(tag: Tag) => t.intersection([t.readonly(t.type({ _tag: t.literal(tag) })), reason])

/**
 * Something expected that went wrong, as plain data: it is stored in records and crosses every port.
 *
 * `message` is for people and may change; `_tag` is stable between majors.
 */
export const Failure = t.union([
  /** Refused, reset, timed out, silent for too long, or cut in mid-body. */
  tagged('Unreachable'),
  /** 429, or 503 with Retry-After. `retryAfterMs` counts from the answer; `all` is true for a 429, which slows every transfer. */
  t.intersection([tagged('Throttled'), t.readonly(t.type({ retryAfterMs: t.union([t.number, t.null]), all: t.boolean }))]),
  /** Any other 5xx, or an answer that no rule knows. */
  t.intersection([tagged('ServerError'), t.readonly(t.type({ status: t.number }))]),
  /** 401: the token is no longer good. */
  tagged('Unauthorized'),
  /** 403: this account may not do that. */
  tagged('Forbidden'),
  /** 404: the remote does not hold the blob. */
  tagged('NotFound'),
  /** 409 on an upload whose content is not what the remote holds. */
  tagged('Exists'),
  /** 413, or a limit of the cipher or the server. */
  tagged('TooLarge'),
  /** 507: the account is full. */
  tagged('QuotaExceeded'),
  /** Tag, order, length or id did not verify. */
  tagged('Tampered'),
  /** This device has no room left. */
  tagged('StorageFull'),
  /** The store cannot be used: an I/O error, read-only, closed, or held by another process. */
  tagged('StorageBroken'),
  /** A record or a message that does not decode, or a payload that is gone. */
  tagged('Corrupt'),
  /** The app's signal, or a transfer that was called off. */
  tagged('Aborted'),
])
export type Failure = t.TypeOf<typeof Failure>

export type FailureTag = Failure['_tag']

type Plain = Exclude<FailureTag, 'Throttled' | 'ServerError'>

/** Builds a failure that carries nothing but its message. */
export const failure = <Tag extends Plain>(_tag: Tag, message: string): Extract<Failure, { _tag: Tag }> =>
  // The union's plain members all have this one shape.
  ({ _tag, message }) as unknown as Extract<Failure, { _tag: Tag }>

/** A 429 (`all: true`) or a 503 with Retry-After; `retryAfterMs` is null where the server gave none. */
export const throttled = (message: string, retryAfterMs: number | null, all: boolean): Failure => ({
  _tag: 'Throttled',
  message,
  retryAfterMs,
  all,
})

export const serverError = (message: string, status: number): Failure => ({ _tag: 'ServerError', message, status })

/** What a blob does about a failure of its attempt. */
export type Answer =
  | { readonly kind: 'backOff'; readonly atLeastMs: number }
  | { readonly kind: 'requeue' }
  | { readonly kind: 'hold'; readonly reason: HeldReason }
  | { readonly kind: 'fail' }

/**
 * The failure table: what each failure of a transfer means for its blob. What it means for all blobs (token, quota, pace,
 * storage) is the coordinator's and follows from the same tag.
 */
export const answerTo = (failure: Failure): Answer => {
  switch (failure._tag) {
    case 'Throttled':
      return { kind: 'backOff', atLeastMs: failure.retryAfterMs ?? 0 }
    case 'Unreachable':
    case 'ServerError':
    case 'NotFound':
    case 'StorageBroken':
      return { kind: 'backOff', atLeastMs: 0 }
    case 'Unauthorized':
    case 'QuotaExceeded':
    case 'StorageFull':
    case 'Aborted':
      return { kind: 'requeue' }
    case 'Forbidden':
      return { kind: 'hold', reason: 'forbidden' }
    case 'Exists':
      return { kind: 'hold', reason: 'conflict' }
    case 'TooLarge':
      return { kind: 'hold', reason: 'tooLarge' }
    case 'Corrupt':
      return { kind: 'hold', reason: 'corrupt' }
    case 'Tampered':
      return { kind: 'fail' }
  }
}
