import { actors } from './actors.ts'
import type { BenchOptions } from './main.ts'
import type { Row } from './rows.ts'
import { opening } from './scale-opening.ts'
import { syncing } from './scale-syncing.ts'

/** What each measures of a collection's size; all print rows of this bench, with `blobs` for the size. */
const parts: readonly ((options: BenchOptions) => Promise<readonly Row[]>)[] = [opening, syncing, actors]

/** What a collection costs by its size: opening it, the memory it takes, syncing it, the machinery per blob. */
export const scale = async (options: BenchOptions): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const part of parts) rows.push(...(await part(options)))
  return rows.map((row) => ({ ...row, bench: 'scale' }))
}
