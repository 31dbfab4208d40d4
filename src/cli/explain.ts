import { explainRecord } from '../explain'
import { EXIT, type Command } from './command'
import { readRecordsOf } from './home'
import { print, printJson } from './print'
import { Problem, UsageProblem } from './problem'
import { keyIn } from './settings'

/** Why a blob is not moving, from its record alone: also while another process syncs. */
export const explain: Command = {
  name: 'explain',
  operands: 'ID',
  does: 'tells why a blob is where it is',
  options: {},
  optionHelp: [],
  run: async ({ settings, operands }) => {
    const [id, ...more] = operands
    if (id === undefined || more.length > 0) throw new UsageProblem('explain needs one id.')
    const key = keyIn(settings, id)
    const records = await readRecordsOf(settings.home)
    const record = records.find((each) => each.id === key.id && each.namespace === key.namespace)
    if (record === undefined) throw new Problem(`No blob ${id} is known here.`)
    const reasons = explainRecord(record, Date.now())
    if (settings.json) printJson({ id, status: record.status, reasons })
    else {
      print(`${id}  ${record.status}`)
      reasons.forEach(({ text }) => print(text))
    }
    return EXIT.well
  },
}
