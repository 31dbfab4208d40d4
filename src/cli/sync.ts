import { EXIT, type Command } from './command'
import { requireRemote, withBlobs } from './home'
import { print, printJson } from './print'
import { UsageProblem } from './problem'
import { isSettled, reportLines } from './report'
import { openScreen, type Screen } from './screen'
import { readSecret } from './secret'
import { stopSignal } from './stop'
import { tellBlobs, tellWaiting } from './tell'
import { flagIn } from './values'

/** Brings everything to rest, and says why it waits while it does. */
export const sync: Command = {
  name: 'sync',
  operands: '',
  does: 'compares with the server and transfers, until every blob is synced, held or failed',
  options: { 'no-wait': { type: 'boolean' }, 'confirm-removals': { type: 'boolean' } },
  optionHelp: [
    '--no-wait           one attempt each, then stop',
    '--confirm-removals  also if the server says that very many blobs were deleted',
  ],
  run: async ({ settings, values, operands }) => {
    if (operands.length > 0) throw new UsageProblem('sync takes options only.')
    requireRemote(settings)
    const secret = await readSecret(settings)
    const stop = stopSignal()
    try {
      return await withBlobs(settings, secret, false, async (blobs) => {
        const screen: Screen = settings.json
          ? { line: () => {}, detail: () => {}, end: () => {} }
          : openScreen(blobs, process.stdout)
        const ends = [tellBlobs(blobs, screen, settings.json), tellWaiting(blobs, screen, settings.json)]
        const options = {
          signal: stop.signal,
          wait: !flagIn(values, 'no-wait'),
          confirmRemovals: flagIn(values, 'confirm-removals'),
        }
        const report = await blobs
          .sync(options)
          .catch((error: unknown) => {
            if (stop.signal.aborted) return null
            throw error
          })
          .finally(() => {
            ends.forEach((end) => end())
            screen.end()
          })
        if (report === null || stop.signal.aborted) return EXIT.stopped
        if (settings.json) printJson({ event: 'report', ...report })
        else reportLines(report).forEach(print)
        return isSettled(report) ? EXIT.well : EXIT.unsettled
      })
    } finally {
      stop.dispose()
    }
  },
}
