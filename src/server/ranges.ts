import type { Choose } from './backend'

export interface AskedRange {
  readonly choose: Choose
  /** True if the range was asked for by two numbers, of which Soledad leaves the second out. RFC 9110 would include it. */
  readonly isExclusive: boolean
}

/**
 * What a `Range` header asks for; null: the whole blob.
 *
 * Two numbers are read as Soledad reads them, `a-` and `-n` as RFC 9110 does. Several ranges, other units and what is no range
 * at all choose nothing.
 */
export const rangeIn = (header: string | undefined): AskedRange | null => {
  if (header === undefined || header.trim() === '') return null
  const [, first = '', second = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? []
  const from = Number(first)
  const to = Number(second)
  if (first !== '' && second !== '')
    return { isExclusive: true, choose: (sizeBytes) => (from <= to && to <= sizeBytes ? { from, to } : null) }
  if (first !== '') return { isExclusive: false, choose: (sizeBytes) => (from < sizeBytes ? { from, to: sizeBytes } : null) }
  // Also what is no range: the last 0 bytes are nothing that could be sent.
  return {
    isExclusive: false,
    choose: (sizeBytes) => (to > 0 ? { from: Math.max(0, sizeBytes - to), to: sizeBytes } : null),
  }
}
