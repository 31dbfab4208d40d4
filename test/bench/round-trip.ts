import type { BenchOptions } from './main.ts'
import { compared, loop, ours } from './peers.ts'
import { usualShapes } from './peers/shapes.ts'
import type { Row } from './rows.ts'

/** Device A puts and uploads, device B lists, downloads, verifies and stores: beside a loop as one would write it by hand. */
export const roundTrip = ({ isShort, shapes }: BenchOptions): Promise<readonly Row[]> =>
  compared('round-trip', [ours, loop], usualShapes(shapes, isShort))
