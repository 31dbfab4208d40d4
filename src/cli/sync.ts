import type { BlobRef, BlobSync, BlobTrouble, BlobView, SyncReport } from '../options'
import { EXIT, type Command } from './command'
import { requireRemote, withBlobs } from './home'
import { print, printJson, sizeText } from './print'
import { UsageProblem } from './problem'
import { openScreen, type Screen } from './screen'
import { readSecret } from './secret'
import { stopSignal } from './stop'
import { flagIn } from './values'
import { waitingFor } from './waiting'

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
        const screen: Screen = settings.json ? { line: () => {}, end: () => {} } : openScreen(blobs, process.stdout)
        const ends = [...tellBlobs(blobs, screen, settings.json), tellWaiting(blobs, screen, settings.json)]
        const options = {
          signal: stop.signal,
          wait: !flagIn(values, 'no-wait'),
          confirmRemovals: flagIn(values, 'confirm-removals'),
        }
        const report = await blobs.sync(options).catch((error: unknown) => {
          if (stop.signal.aborted) return null
          throw error
        })
        ends.forEach((end) => end())
        screen.end()
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

/** A line for each blob that came to an end. */
const tellBlobs = (blobs: BlobSync, screen: Screen, isJson: boolean): readonly (() => void)[] => {
  const tell = (event: string, text: (view: BlobView) => string) => (view: BlobView) => {
    if (isJson)
      printJson({
        event,
        namespace: view.namespace,
        id: view.id,
        status: view.status,
        held: view.held,
        failure: view.lastFailure,
      })
    else screen.line(text(view))
  }
  const why = ({ lastFailure }: BlobView) => (lastFailure === null ? '' : `: ${lastFailure.message}`)
  return [
    blobs.on(
      'blob.synced',
      tell('synced', ({ id, sizeBytes }) => `synced   ${id}  ${sizeText(sizeBytes)}`),
    ),
    blobs.on(
      'blob.failed',
      tell('failed', (view) => `failed   ${view.id}${why(view)}`),
    ),
    blobs.on(
      'blob.held',
      tell('held', (view) => `held     ${view.id}  ${view.held ?? ''}${why(view)}`),
    ),
    blobs.on(
      'blob.deleted',
      tell('deleted', ({ id }) => `deleted  ${id}`),
    ),
    blobs.on(
      'blob.trashed',
      tell('trashed', ({ id }) => `trashed  ${id}  it was deleted on another device`),
    ),
    blobs.on(
      'blob.missing',
      tell('missing', ({ id }) => `missing  ${id}  the server lost it`),
    ),
    blobs.on('failure.reported', ({ _tag, message }) =>
      isJson ? printJson({ event: 'problem', failure: { _tag, message } }) : screen.line(`problem  ${message}`),
    ),
  ]
}

/** Says why the sync waits whenever that changes. */
const tellWaiting = (blobs: BlobSync, screen: Screen, isJson: boolean): (() => void) => {
  let told: string | null = null
  const look = () => {
    const waiting = waitingFor(blobs, Date.now())
    if (waiting === null || waiting.key === told) return
    told = waiting.key
    if (isJson) printJson({ event: 'waiting', reason: waiting.text, failure: waiting.failure })
    else screen.line(`waiting: ${waiting.text}`)
  }
  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}

/** A look goes through all blobs: often enough for people, seldom enough for many blobs. */
const LOOK_MS = 250

const isSettled = ({ failed, held, waiting, failure, removalsToConfirm }: SyncReport): boolean =>
  failed.length === 0 && held.every(isLocalOnly) && waiting.length === 0 && failure === null && removalsToConfirm === 0

const isLocalOnly = ({ held }: BlobTrouble) => held === 'localOnly'

const reportLines = (report: SyncReport): readonly string[] => {
  const { uploaded, downloaded, deleted, trashed, removalsToConfirm, failure } = report
  const troubles = [...report.failed, ...report.held.filter((each) => !isLocalOnly(each)), ...report.waiting]
  return [
    ...troubles.map(troubleLine),
    ...report.corrupt.map(({ message }) => `damaged: ${message}`),
    ...(failure === null ? [] : [`the list of blobs cannot be read: ${failure.message}`]),
    ...(failure?._tag === 'Unauthorized' ? ['the server does not take the token: look at --user and --token'] : []),
    ...(removalsToConfirm === 0
      ? []
      : [`the server says that ${removalsToConfirm} blobs were deleted; if so, run “blobsync sync --confirm-removals”`]),
    `${count(uploaded)} uploaded, ${count(downloaded)} downloaded, ${count(deleted)} deleted, ${count(trashed)} trashed` +
      (troubles.length === 0 ? '' : `, ${troubles.length} not settled`),
  ]
}

const count = (refs: readonly BlobRef[]) => refs.length

const troubleLine = ({ id, held, failure }: BlobTrouble): string =>
  `not settled: ${id}${held === null ? '' : `  held: ${held}`}${failure === null ? '' : `  ${failure.message}`}`
