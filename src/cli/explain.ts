import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { explainRecord } from '../explain'
import { isActive } from '../model/record'
import type { Reason } from '../options'
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
    const reasons = [...explainRecord(record, Date.now()), ...(isActive(record) && !isHeld(settings.home) ? [NO_SYNC] : [])]
    if (settings.json) printJson({ id, status: record.status, reasons })
    else {
      print(`${id}  ${record.status}`)
      reasons.forEach(({ text }) => print(text))
    }
    return EXIT.well
  },
}

const NO_SYNC: Reason = { code: 'noSync', text: 'No sync runs on this home now: “blobsync sync” moves it.' }

/** Whether a process has the store open, as far as its note tells: a process that was killed leaves the note behind. */
const isHeld = (home: string): boolean => existsSync(join(home, 'lock.pid'))
