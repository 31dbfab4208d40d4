/** Timers take no more, in browsers and in Node. */
export const RETRY_AFTER_MS_MAX = 2 ** 31 - 1

/**
 * A `Retry-After` header as milliseconds from `nowMs`: whole seconds or an HTTP date (RFC 9110, sections 10.2.3 and 5.6.7),
 * at most `RETRY_AFTER_MS_MAX`.
 *
 * @returns null for no header, a time that has passed, and what is neither of the two.
 */
export const retryAfterMs = (header: string | null, nowMs: number): number | null => {
  const text = header?.trim() ?? ''
  const delayMs = /^\d+$/.test(text) ? Number(text) * 1000 : weekday.test(text) ? Date.parse(inGmt(text)) - nowMs : NaN
  return delayMs >= 0 ? Math.min(delayMs, RETRY_AFTER_MS_MAX) : null
}

// `Date.parse` makes a date of almost anything, "1.5" and "-3" included.
const weekday = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

// The oldest of the three forms names no zone, and means this one.
const inGmt = (text: string) => (text.endsWith('GMT') ? text : `${text} GMT`)
