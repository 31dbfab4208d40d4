import type { ParseArgsOptionsConfig } from 'node:util'
import type { BlobSync } from '../options'
import { EXIT } from './command'
import { withBlobs } from './home'
import { print, printJson } from './print'
import { isSettled, reportLines } from './report'
import { openScreen, type Screen } from './screen'
import type { Settings } from './settings'
import { stopSignal } from './stop'
import { tellBlobs, tellWaiting } from './tell'
import { flagIn, type Values } from './values'

export const syncOptions: ParseArgsOptionsConfig = {
  'no-wait': { type: 'boolean' },
  'on-demand': { type: 'boolean' },
  'confirm-removals': { type: 'boolean' },
}

export const syncOptionHelp: readonly string[] = [
  '--no-wait           one attempt each, then stop',
  '--on-demand         fetches nothing; “blobsync get” fetches what is asked for',
  '--confirm-removals  also if the server says that very many blobs were deleted',
]

/** Brings a home to rest, tells what happens and why it waits, and reports. @returns the exit code. */
export const syncHome = async (settings: Settings, secret: Uint8Array, values: Values): Promise<number> => {
  const stop = stopSignal()
  try {
    const use = async (blobs: BlobSync) => {
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
    }
    return await withBlobs(settings, secret, false, use, { download: flagIn(values, 'on-demand') ? 'onDemand' : 'eager' })
  } finally {
    stop.dispose()
  }
}
