import { isActive, Status, type BlobRecord } from '../model/record'
import { EXIT, type Command } from './command'
import { readRecordsOf } from './home'
import { print, printJson, sizeText, tableText } from './print'

/** The blobs in figures, from the records alone. */
export const status: Command = {
  name: 'status',
  operands: '',
  does: 'counts the blobs of a namespace by their status',
  options: {},
  optionHelp: [],
  run: async ({ settings }) => {
    const { home, remote, namespace, json } = settings
    const records = (await readRecordsOf(home)).filter((record) => record.namespace === namespace)
    const figures = figuresOf(records)
    if (json) printJson({ home, remote, namespace, ...figures })
    else {
      print(`home       ${home}`)
      print(`server     ${remote ?? 'none given'}`)
      print(`namespace  ${namespace}`)
      const counts = Object.entries(figures.counts).filter(([, count]) => count > 0)
      tableText([...counts.map(([name, count]) => [name, String(count)]), ['held', String(figures.held)]], [1]).forEach(print)
      print(`${figures.active} with work to do, ${sizeText(figures.bytesHere)} here`)
    }
    return EXIT.well
  },
}

const figuresOf = (records: readonly BlobRecord[]) => ({
  counts: Object.fromEntries(
    Object.keys(Status.keys).map((name) => [name, records.filter(({ status }) => status === name).length]),
  ),
  held: records.filter(({ held }) => held !== null).length,
  active: records.filter(isActive).length,
  bytesHere: records.reduce((sum, { isHere, sizeBytes }) => sum + (isHere ? (sizeBytes ?? 0) : 0), 0),
})
