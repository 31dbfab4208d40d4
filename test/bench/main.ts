import { inspect, parseArgs } from 'node:util'
import { actors } from './actors.ts'
import { batches } from './batches.ts'
import { big } from './big.ts'
import { demo } from './demo.ts'
import { feed } from './feed.ts'
import { listing } from './listing.ts'
import { peers } from './peers.ts'
import { print, type Row } from './rows.ts'
import { roundTrip } from './round-trip.ts'
import { scale } from './scale.ts'
import { stores } from './stores.ts'

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Row[]>>> = {
  'round-trip': roundTrip,
  peers,
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
  /** Only these, where a bench has several. @default all */
  readonly shapes: readonly string[]
}

const usage = `usage: npm run bench -- ${Object.keys(benches).join('|')} [--json] [--short] [--shape NxSIZE]…`

const main = async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, short: { type: 'boolean' }, shape: { type: 'string', multiple: true } },
  })
  const [name = ''] = positionals
  const bench = benches[name]
  if (bench === undefined || positionals.length > 1) throw new RangeError(usage)
  const rows = await bench({ isShort: values.short === true, shapes: values.shape ?? [] })
  print(rows, values.json === true)
}

try {
  await main()
} catch (error) {
  // What was asked for wrongly needs no trace.
  process.stderr.write(`${error instanceof RangeError ? error.message : inspect(error)}\n`)
  process.exitCode = 1
}
