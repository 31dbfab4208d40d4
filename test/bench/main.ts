import { actors } from './actors.ts'
import { batches } from './batches.ts'
import { big } from './big.ts'
import { demo } from './demo.ts'
import { feed } from './feed.ts'
import { listing } from './listing.ts'
import { print, type Row } from './rows.ts'
import { roundTrip } from './round-trip.ts'
import { scale } from './scale.ts'
import { stores } from './stores.ts'

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Row[]>>> = {
  'round-trip': roundTrip,
  batches,
  actors,
  stores,
  listing,
  big,
  demo,
  scale,
  feed,
}

export interface BenchOptions {
  /** Fewer runs, to see that the bench works; its figures mean little. */
  readonly isShort: boolean
}

const [name = '', ...flags] = process.argv.slice(2)
const bench = benches[name]
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')} [--json] [--short]\n`)
  process.exitCode = 1
} else {
  const rows = await bench({ isShort: flags.includes('--short') })
  print(rows, flags.includes('--json'))
}
