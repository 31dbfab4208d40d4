import type { Command } from './command'
import { requireRemote } from './home'
import { UsageProblem } from './problem'
import { readSecret } from './secret'
import { syncHome, syncOptionHelp, syncOptions } from './sync-home'

/** Brings everything to rest, and says why it waits while it does. */
export const sync: Command = {
  name: 'sync',
  operands: '',
  does: 'compares with the server and transfers, until every blob is synced, held or failed',
  options: syncOptions,
  optionHelp: syncOptionHelp,
  run: async ({ settings, values, operands }) => {
    if (operands.length > 0) throw new UsageProblem('sync takes options only.')
    requireRemote(settings)
    return syncHome(settings, await readSecret(settings), values)
  },
}
