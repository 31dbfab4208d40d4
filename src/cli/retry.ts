import { isBlobSyncError } from '../options'
import { EXIT, type Command } from './command'
import { withBlobs } from './home'
import { print, printJson, warn } from './print'
import { readSecret } from './secret'
import { keyIn } from './settings'

/** Lets blobs try again that failed, back off or are held; the next `sync` or `get` does. */
export const retry: Command = {
  name: 'retry',
  operands: '[ID…]',
  does: 'lets failed, waiting and held blobs try again at the next sync or get; without ids: all of them',
  options: {},
  optionHelp: [],
  run: async ({ settings, operands }) => {
    const keys = operands.map((id) => keyIn(settings, id))
    const secret = await readSecret(settings)
    return withBlobs(settings, secret, true, async (blobs) => {
      if (keys.length === 0) {
        await blobs.retry()
        if (settings.json) printJson({ retried: 'all' })
        else print('All that failed, wait or are held may try again at the next sync.')
        return EXIT.well
      }
      let failed = 0
      for (const { id, namespace } of keys) {
        try {
          if (blobs.blob(id, { namespace }).getSnapshot().status === 'DELETED') throw new UnknownBlob(id)
          await blobs.retry(id, { namespace })
          const { status } = blobs.blob(id, { namespace }).getSnapshot()
          if (settings.json) printJson({ id, status })
          else print(`${id}  ${status}`)
        } catch (error) {
          if (!isBlobSyncError(error) && !(error instanceof UnknownBlob)) throw error
          failed += 1
          warn(`${id}: ${error.message}`)
        }
      }
      return failed === 0 ? EXIT.well : EXIT.error
    })
  },
}

class UnknownBlob extends Error {
  constructor(id: string) {
    super(`no blob ${id} is known here.`)
  }
}
