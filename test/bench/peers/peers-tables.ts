import type { Findings } from '../published.ts'
import { isPeerRow, titleOf, type PeerRow } from './peer-rows.ts'

/** All figures as tables, one for each shape. */
export const peersTables = ({ rows, machine, measuredOn }: Findings): string => {
  const known = rows.filter(isPeerRow)
  const about = [
    `Measured on ${measuredOn}: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.fileSystem}, ${machine.system},`,
    `Node ${machine.node}; ${Object.values(machine.programs).join('; ')}.`,
  ]
  const tables = [...new Set(known.map(({ shape }) => shape))].map((shape) =>
    [
      `### ${titleOf(shape)}`,
      '',
      '| | up | down | round | fastest … slowest | CPU, client + server | peak RSS, client, server | requests | on the wire | on disk | encryption |',
      '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --- | --- |',
      ...[...new Set(known.map(({ subject }) => subject))].flatMap((subject) =>
        lineOf(known.filter((row) => row.shape === shape && row.subject === subject)),
      ),
      '',
    ].join('\n'),
  )
  return [...about, '', ...tables].join('\n')
}

const lineOf = (rows: readonly PeerRow[]): readonly string[] => {
  const of = (phase: string) => rows.find((row) => row.phase === phase)
  const whole = of('round') ?? of('up')
  if (whole === undefined) return []
  const time = (phase: string) => timeText(of(phase)?.wallMs)
  const { subject, setting, spread, requests, wireBytes, durable, encryption } = whole
  const cells = [
    setting === undefined ? subject : `${subject}, ${setting}`,
    time('up'),
    time('down'),
    time('round'),
    `${timeText(spread[0])} … ${timeText(spread[1])}`,
    `${timeText(whole.cpuMs)} + ${timeText(whole.serverCpuMs)}`,
    `${whole.peakRssMiB}, ${whole.serverPeakRssMiB} MiB`,
    requests === undefined ? '–' : String(requests),
    wireBytes === undefined ? '–' : `${(wireBytes / 1e6).toFixed(1)} MB`,
    durable,
    encryption,
  ]
  return [`| ${cells.join(' | ')} |`]
}

export const timeText = (ms: number | undefined): string =>
  ms === undefined ? '–' : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
