import type { BenchOptions } from './main.ts'
import type { Row } from './rows.ts'
import { versus } from './versus.ts'

/** Device A puts and uploads, device B lists, downloads, verifies and stores: beside a loop as one would write it by hand. */
export const roundTrip = ({ isShort }: BenchOptions): Promise<readonly Row[]> =>
  versus({
    bench: 'round-trip',
    against: 'loop',
    shapes: [
      { shape: '1000x10kB', blobs: 1000, blobBytes: 10_000 },
      { shape: '100x100kB', blobs: 100, blobBytes: 100_000 },
      { shape: '10x1MB', blobs: 10, blobBytes: 1_000_000 },
      { shape: '1x10MB', blobs: 1, blobBytes: 10_000_000 },
    ],
    runs: isShort ? 1 : 5,
    isBare: false,
  })
