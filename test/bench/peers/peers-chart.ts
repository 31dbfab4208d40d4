import type { Bar } from '../chart/bars.ts'
import type { Chart } from '../chart/chart.ts'
import type { Findings } from '../published.ts'
import { isPeerRow, titleOf, type PeerRow } from './peer-rows.ts'
import { timeText } from './peers-tables.ts'

/** How long each took there and back, a panel for each shape. */
export const peersChart = ({ rows, machine, command, measuredOn }: Findings): Chart => {
  const known = rows.filter(isPeerRow)
  return {
    title: 'From device A through a server to device B',
    notes: [
      'Wall time, medians; the thin line goes from the fastest run to the slowest. Shorter is better. Each panel has its own scale.',
      'Beneath each name: what is certain of the bytes on disk once it says that it is done, and whether the server can read or change them.',
      `${machine.cores} cores, ${machine.cpu}, ${machine.fileSystem}, loopback, Node ${machine.node}; ${command}, ${measuredOn}`,
    ],
    keys: [
      { tone: 'ours', label: 'blobsync, up' },
      { tone: 'ours-pale', label: 'blobsync, down' },
      { tone: 'theirs', label: 'others, up' },
      { tone: 'theirs-pale', label: 'others, down' },
    ],
    panels: [...new Set(known.map(({ shape }) => shape))].map((shape) => ({
      kind: 'bars',
      title: titleOf(shape),
      bars: [...new Set(known.map(({ subject }) => subject))].flatMap((subject) =>
        barOf(known.filter((row) => row.shape === shape && row.subject === subject)),
      ),
      format: timeText,
    })),
  }
}

const barOf = (rows: readonly PeerRow[]): readonly Bar[] => {
  const of = (phase: string) => rows.find((row) => row.phase === phase)
  const [up, down, whole] = [of('up'), of('down'), of('round') ?? of('up')]
  if (whole === undefined) return []
  const pair = whole.subject === 'blobsync' ? (['ours', 'ours-pale'] as const) : (['theirs', 'theirs-pale'] as const)
  return [
    {
      label: whole.subject,
      isBold: whole.subject === 'blobsync',
      note: `${whole.durable}, ${encryptionText[whole.encryption]}`,
      parts: [up, down].flatMap((row, index) =>
        row === undefined ? [] : [{ value: row.wallMs, tone: pair[index === 0 ? 0 : 1] }],
      ),
      whole: whole.wallMs,
      spread: whole.spread,
      remark: down === undefined ? '(up only)' : '',
    },
  ]
}

const encryptionText = { authenticated: 'encrypted', unauthenticated: 'encrypted, no tag', none: 'not encrypted' } as const
