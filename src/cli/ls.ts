import { Status, type BlobRecord } from '../model/record'
import { EXIT, type Command } from './command'
import { readRecordsOf } from './home'
import { print, printJson, sizeText, tableText } from './print'
import { Problem } from './problem'
import { textIn } from './values'

/** What is known here, from the records alone: also while another process syncs. */
export const ls: Command = {
  name: 'ls',
  operands: '',
  does: 'lists the blobs of a namespace',
  options: { status: { type: 'string' } },
  optionHelp: [`--status S          only these: ${Object.keys(Status.keys).join(', ')}`],
  run: async ({ settings, values }) => {
    const status = textIn(values, 'status')
    if (status !== undefined && !Status.is(status)) {
      throw new Problem(`--status is one of ${Object.keys(Status.keys).join(', ')}, not “${status}”.`)
    }
    const records = (await readRecordsOf(settings.home))
      .filter((record) => record.namespace === settings.namespace && (status === undefined || record.status === status))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    if (settings.json) records.forEach((record) => printJson(rowOf(record)))
    else tableText(records.map(cellsOf), [2]).forEach(print)
    return EXIT.well
  },
}

const rowOf = ({ namespace, id, status, held, sizeBytes, isHere, attempts, dueAtMs, failure }: BlobRecord) => ({
  namespace,
  id,
  status,
  held,
  sizeBytes,
  isHere,
  attempts,
  nextAttemptAtMs: dueAtMs,
  failure,
})

const cellsOf = ({ id, status, held, sizeBytes }: BlobRecord) => [
  id,
  held === null ? status : `${status} (${held})`,
  sizeText(sizeBytes),
]
