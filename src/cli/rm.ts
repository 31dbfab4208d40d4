import { isBlobSyncError } from '../options'
import { EXIT, type Command } from './command'
import { withBlobs } from './home'
import { print, printJson, warn } from './print'
import { UsageProblem } from './problem'
import { readSecret } from './secret'
import { keyIn } from './settings'

/** Deletes here at once, and on the server at the next `sync`. */
export const rm: Command = {
  name: 'rm',
  operands: 'ID…',
  does: 'deletes here, and on the server and all devices by their next sync',
  options: {},
  optionHelp: [],
  run: async ({ settings, operands }) => {
    if (operands.length === 0) throw new UsageProblem('rm needs an id.')
    const keys = operands.map((id) => keyIn(settings, id))
    const secret = await readSecret(settings)
    return withBlobs(settings, secret, true, async (blobs) => {
      let failed = 0
      for (const { id, namespace } of keys) {
        try {
          await blobs.delete(id, { namespace })
          if (settings.json) printJson({ id, deleted: true })
          else print(`${id}  deleted here`)
        } catch (error) {
          if (!isBlobSyncError(error)) throw error
          failed += 1
          warn(`${id}: ${error.message}`)
        }
      }
      return failed === 0 ? EXIT.well : EXIT.error
    })
  },
}
