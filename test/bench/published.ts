import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drawn } from './chart/chart.ts'
import type { Machine } from './machine.ts'
import { peersChart } from './peers/peers-chart.ts'
import { peersTables } from './peers/peers-tables.ts'
import type { Row } from './rows.ts'
import { scaleChart } from './scale-chart.ts'

/** What a bench found, as it lies in `docs/bench/NAME.json`. */
export interface Findings {
  readonly command: string
  /** As `2026-11-28`. */
  readonly measuredOn: string
  readonly machine: Machine
  readonly rows: readonly Row[]
}

interface Presentation {
  readonly svg: string
  /** The tables of `docs/performance.md`; null if there are none. */
  readonly tables: string | null
}

/** Everything that is written of findings; the same for the same. */
const presentations: Readonly<Record<string, (findings: Findings) => Presentation>> = {
  peers: (findings) => ({ svg: drawn(peersChart(findings)), tables: peersTables(findings) }),
  scale: (findings) => ({ svg: drawn(scaleChart(findings)), tables: null }),
}

export const published = Object.keys(presentations)

export const presented = (name: string, findings: Findings): Presentation => {
  const present = presentations[name]
  if (present === undefined) throw new RangeError(`Nothing of ${name} is published.`)
  return present(findings)
}

const docs = join(import.meta.dirname, '../../docs')

export const findingsPath = (name: string): string => join(docs, 'bench', `${name}.json`)
export const chartPath = (name: string): string => join(docs, 'bench', `${name}.svg`)
export const pagePath = join(docs, 'performance.md')

/** Writes findings, their chart, and their tables between the marks that `docs/performance.md` has for them. */
export const publish = async (name: string, findings: Findings): Promise<void> => {
  const { svg, tables } = presented(name, findings)
  await mkdir(join(docs, 'bench'), { recursive: true })
  const { rows, ...about } = findings
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')
  const head = JSON.stringify(about, null, 2).slice(0, -2)
  await writeFile(findingsPath(name), `${head},\n  "rows": [\n${lines}\n  ]\n}\n`)
  await writeFile(chartPath(name), svg)
  if (tables !== null) await writeFile(pagePath, withTables(await readFile(pagePath, 'utf8'), name, tables))
}

/** Writes anew what is drawn and written of the findings that are there, without measuring anything. */
export const redraw = async (name: string): Promise<void> => {
  if (!published.includes(name)) throw new RangeError(`--draw takes one of ${published.join(', ')}.`)
  // `publish` wrote it.
  await publish(name, JSON.parse(await readFile(findingsPath(name), 'utf8')) as Findings)
}

/** @throws if the page has no place for them. */
export const withTables = (page: string, name: string, tables: string): string => {
  const [from, to] = [`<!-- ${name}: written by the bench -->`, `<!-- /${name} -->`]
  const [start, end] = [page.indexOf(from), page.indexOf(to)]
  if (start < 0 || end < start) throw new Error(`docs/performance.md has no place for the tables of ${name}.`)
  return `${page.slice(0, start + from.length)}\n\n${tables}\n${page.slice(end)}`
}
