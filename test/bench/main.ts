import { inspect, parseArgs } from 'node:util'
import { actors } from './actors.ts'
import { batches } from './batches.ts'
import { big } from './big.ts'
import { demo } from './demo.ts'
import { feed } from './feed.ts'
import { listing } from './listing.ts'
import { thisMachine } from './machine.ts'
import { peers } from './peers.ts'
import { publish, published, redraw } from './published.ts'
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

const usage = `usage: npm run bench -- ${Object.keys(benches).join('|')} [--json] [--short] [--shape NxSIZE]… [--draw]`

const main = async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      short: { type: 'boolean' },
      shape: { type: 'string', multiple: true },
      draw: { type: 'boolean' },
    },
  })
  const [name = ''] = positionals
  const bench = benches[name]
  if (bench === undefined || positionals.length > 1) throw new RangeError(usage)
  if (values.draw === true) return redraw(name)
  const [isShort, shapes] = [values.short === true, values.shape ?? []]
  const rows = await bench({ isShort, shapes })
  print(rows, values.json === true)
  if (!published.includes(name) || isShort || shapes.length > 0) return
  const measuredOn = new Date().toISOString().slice(0, 10)
  await publish(name, { command: `npm run bench -- ${name}`, measuredOn, machine: await thisMachine(), rows })
  process.stderr.write(`docs/bench/${name}.json and ${name}.svg say so now.\n`)
}

try {
  await main()
} catch (error) {
  // What was asked for wrongly needs no trace.
  process.stderr.write(`${error instanceof RangeError ? error.message : inspect(error)}\n`)
  process.exitCode = 1
}
