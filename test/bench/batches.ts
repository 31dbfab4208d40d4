import type { BenchOptions } from './main.ts'
import type { Row } from './rows.ts'
import { versus } from './versus.ts'

/** Many small blobs to a request, beside a request for each: what is put is on the disk before the time begins. */
export const batches = ({ isShort }: BenchOptions): Promise<readonly Row[]> =>
  versus({
    bench: 'batches',
    against: 'single',
    shapes: [{ shape: '1000x10kB', blobs: 1000, blobBytes: 10_000 }],
    runs: isShort ? 1 : 5,
  })
