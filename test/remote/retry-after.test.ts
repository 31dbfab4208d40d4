import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { RETRY_AFTER_MS_MAX, retryAfterMs } from '../../src/remote/retry-after'

const nowMs = Date.UTC(1994, 10, 6, 8, 49, 0)

describe('Retry-After', () => {
  test('is read in all three forms of an HTTP date', () => {
    for (const date of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
      expect(retryAfterMs(date, nowMs), date).toBe(37_000)
    }
  })

  test('is null for a time that has passed and for what is no time', () => {
    for (const header of [
      null,
      '',
      ' ',
      '-5',
      '1.5',
      '5 s',
      'soon',
      '0x10',
      '1e3',
      'Sun',
      'Sun, 06 Nov 1994 08:48:59 GMT',
      '2099-01-01',
    ]) {
      expect(retryAfterMs(header, nowMs), String(header)).toBe(null)
    }
  })

  test.prop([fc.nat(2_000_000)])('counts whole seconds', (seconds) => {
    expect(retryAfterMs(String(seconds), nowMs)).toBe(seconds * 1000)
  })

  test.prop([fc.string()])('is null or a delay that a timer takes, whatever the header', (header) => {
    const delayMs = retryAfterMs(header, nowMs)
    expect(delayMs === null || (delayMs >= 0 && delayMs <= RETRY_AFTER_MS_MAX)).toBe(true)
  })
})
