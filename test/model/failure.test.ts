import { fc, test } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { describe, expect } from 'vitest'
import { type Answer, answerTo, Failure, type FailureTag, serverError, throttled } from '../../src/model/failure'
import type { HeldReason } from '../../src/model/record'
import { someFailure } from './arbitrary'

const later: Answer = { kind: 'backOff', atLeastMs: 0 }
const requeue: Answer = { kind: 'requeue' }
const held = (reason: HeldReason): Answer => ({ kind: 'hold', reason })

// A tag that is missing here does not compile.
const table: Readonly<Record<FailureTag, Answer>> = {
  Unreachable: later,
  Throttled: { kind: 'backOff', atLeastMs: 7_000 },
  ServerError: later,
  Unauthorized: requeue,
  Forbidden: held('forbidden'),
  NotFound: later,
  Exists: held('conflict'),
  TooLarge: held('tooLarge'),
  QuotaExceeded: requeue,
  Tampered: { kind: 'fail' },
  StorageFull: requeue,
  StorageBroken: later,
  Corrupt: held('corrupt'),
  Aborted: requeue,
}

const samples = Object.keys(table).map((_tag) => ({ _tag, message: 'why', retryAfterMs: 7_000, all: true, status: 500 }))

describe('the failure table', () => {
  test('each tag of the codec has a row, and no other', () => {
    expect(samples.filter((sample) => !Failure.is(sample))).toEqual([])
    expect(samples).toHaveLength(Failure.types.length)
  })

  test.each(samples)('$_tag has its answer', (sample) => {
    if (!Failure.is(sample)) throw new Error('The sample is no failure.')
    expect(answerTo(sample)).toEqual(table[sample._tag])
  })

  test('a server that says nothing of the time gets the usual backoff', () => {
    expect(answerTo(throttled('slow down', null, true))).toEqual(later)
  })

  test.prop([fc.nat()])('a Retry-After is never undercut', (retryAfterMs) => {
    expect(answerTo(throttled('slow down', retryAfterMs, false))).toEqual({ kind: 'backOff', atLeastMs: retryAfterMs })
  })

  test.prop([fc.integer({ min: 500, max: 599 })])('no status of a server is final', (status) => {
    expect(answerTo(serverError('broken', status)).kind).toBe('backOff')
  })

  test.prop([someFailure])('only what does not verify is final', (failure) => {
    expect(answerTo(failure).kind === 'fail').toBe(failure._tag === 'Tampered')
  })
})

describe('failures as data', () => {
  test.prop([someFailure])('a failure comes back from JSON as it was', (failure) => {
    expect(Failure.decode(JSON.parse(JSON.stringify(failure)))).toEqual(E.right(failure))
  })

  test.each([
    null,
    'Unreachable',
    { _tag: 'Unreachable' },
    { message: 'why' },
    { _tag: 'Nameless', message: 'why' },
    { _tag: 'Throttled', message: 'why' },
    { _tag: 'Throttled', message: 'why', retryAfterMs: '7', all: true },
    { _tag: 'ServerError', message: 'why' },
    new Error('why'),
  ])('%j is no failure', (value) => {
    expect(E.isLeft(Failure.decode(value))).toBe(true)
  })
})
