import type { Chart, Panel, Tone } from './chart/chart.ts'
import type { Findings } from './published.ts'
import type { Row } from './rows.ts'

/** What a collection costs by its size: a panel for each thing that was done with it, and one for the memory that it then takes. */
export const scaleChart = ({ rows, machine, command, measuredOn }: Findings): Chart => {
  const phases = [...new Set(rows.map(({ phase }) => phase))]
  return {
    title: 'Cost against the number of blobs',
    notes: [
      `Both axes by powers of ten; across: blobs in the collection. Medians.`,
      `${machine.cores} cores, ${machine.cpu}, ${machine.fileSystem}, Node ${machine.node}; ${command}, ${measuredOn}`,
    ],
    keys: [],
    panels: phases.flatMap((phase): readonly Panel[] => {
      const own = rows.filter((row) => row.phase === phase)
      const about = titles[phase] ?? phase
      return [
        { kind: 'lines', title: `${about}, ms`, series: seriesOf(own, ({ readyMs, wallMs }) => readyMs ?? wallMs) },
        ...(own.some(({ heapMiB }) => heapMiB !== undefined)
          ? [
              {
                kind: 'lines',
                title: 'Heap above an empty collection, MiB',
                series: seriesOf(own, ({ heapMiB }) => heapMiB),
              } as const,
            ]
          : []),
      ]
    }),
  }
}

const titles: Readonly<Record<string, string>> = {
  open: 'Opening the store until all is ready',
  idle: 'A sync in which nothing changed',
  changes: 'A sync of 100 changes',
  up: 'Uploading, with store and remote in memory',
}

const tones: readonly Tone[] = ['ours', 'third', 'theirs', 'ours-pale', 'theirs-pale']

/** A shape is a number and what there is so many of, which names the series. */
const seriesOf = (rows: readonly Row[], valueOf: (row: Row) => number | undefined) => {
  const nameOf = ({ shape, subject }: Row) => shape.replace(/^[\d,_]+\s*/, '') || subject
  return [...new Set(rows.map(nameOf))].map((label, index) => ({
    label,
    tone: tones[index % tones.length] ?? 'ours',
    points: rows.flatMap((row) => {
      const y = valueOf(row)
      return nameOf(row) === label && row.blobs !== undefined && y !== undefined ? [{ x: row.blobs, y }] : []
    }),
  }))
}
