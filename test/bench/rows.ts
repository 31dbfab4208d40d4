/** One line of a bench's answer. Times are milliseconds of wall clock, medians; `ratio` is to the subject named in `against`. */
export interface Row {
  readonly bench: string
  readonly shape: string
  readonly phase: string
  readonly subject: string
  readonly wallMs: number
  readonly spread: readonly [number, number]
  readonly ratio?: number
  readonly against?: string
  readonly blobsPerSecond?: number
  readonly megabytesPerSecond?: number
  /** Whose memory the row tells, where there are several processes. */
  readonly process?: string
  readonly peakRssMiB?: number
  /** How much larger the peak is than with a small blob. */
  readonly extraRssMiB?: number
  /** The longest in which a page could do nothing else. */
  readonly longestBlockMs?: number
  readonly cpuMicrosecondsPerBlob?: number
  /** How many there are of them. */
  readonly blobs?: number
  /** From opening until everything can be asked. */
  readonly readyMs?: number
  /** Of JavaScript, buffers too: above that of an empty collection, or the peak of a page. */
  readonly heapMiB?: number
  /** How many the server was sent. */
  readonly requests?: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = 0, high = 0] = sorted.length % 2 === 0 ? sorted.slice(middle - 1, middle + 1) : [sorted[middle], sorted[middle]]
  return (low + high) / 2
}

export const spreadOf = (values: readonly number[]): readonly [number, number] => [
  Math.round(Math.min(...values)),
  Math.round(Math.max(...values)),
]

export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))

export const print = (rows: readonly Row[], asJson: boolean): void => {
  if (asJson) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
  else console.table(rows.map(({ spread, ...row }) => ({ ...row, spread: spread.join(' … ') })))
}
