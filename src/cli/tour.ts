import { openAsBlob } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createBlobSync } from '../blob-sync'
import { streamingCipher } from '../cipher/streaming'
import type { BlobSync } from '../options'
import { httpRemote } from '../remote/http'
import type { Account } from '../server/index'
import { fileStore } from '../store/file'
import { EXIT } from './command'
import { filesUnder } from './files'
import { lookAtServer } from './look-at-server'
import { print, sizeText, tableText, warn } from './print'
import { Problem } from './problem'
import { openScreen } from './screen'
import { stopSignal, untilFired } from './stop'
import { countIn } from './values'
import { compareDevices, type PutFile, type Row } from './compare-devices'
import { tourFolder, type TourFolder } from './tour-folder'

const USAGE = 'Usage: npm start [-- PATH…] [--once] [--port N] [--log]'

/** What the tour is given by whoever serves blobs, and a page to look at them. */
export interface Shown {
  /** The page. */
  readonly address: string
  /** The server, as `httpRemote` takes it. */
  readonly url: string
  readonly close: () => Promise<void>
}

export interface ShowOptions {
  /** A folder for all that the server keeps. */
  readonly root: string
  /** Null: a good one if it is free, else any. */
  readonly port: number | null
  /** Who may use the server, besides the page. */
  readonly account: Account
  readonly log: ((line: string) => void) | undefined
}

/**
 * Serves the page and a server of its own from a temporary folder until Ctrl-C, which removes it. With paths it first shows the whole
 * way of these files: put on device A, synced to device B, compared. With `--once` it shows that and ends. One that was killed leaves its
 * folder, and the next of the same files goes on there.
 *
 * @param show Serves page and server.
 * @returns 0 if every file arrived as it was.
 */
export const tour = async (args: readonly string[], show: (options: ShowOptions) => Promise<Shown>): Promise<number> => {
  const stop = stopSignal()
  let folder: TourFolder | null = null
  try {
    const { values, positionals } = parsed(args)
    if (values.help === true) {
      print(USAGE)
      return EXIT.well
    }
    const isOnce = values.once === true
    const files = positionals.length > 0 || isOnce ? await filesUnder(pathsOf(positionals)) : null
    if (files?.length === 0) throw new Problem('There is no file under these paths.')
    folder = await tourFolder(files ?? [])
    const account = { user: 'me', token: folder.token }
    const log = values.log === true ? print : undefined
    const shown = await show({ root: join(folder.path, 'server'), port: countIn(values, 'port', 0) ?? null, account, log })
    try {
      if (files === null) print(shown.address)
      else print(`Server    ${shown.url}, in ${folder.path}`)
      if (folder.isOld) print('It goes on where it was killed.')
      const isWell = files === null || (await takeAlong({ folder, url: shown.url, account, files, signal: stop.signal }))
      if (!isOnce) {
        if (files !== null)
          print(`Still serving ${shown.address} and, for --user ${account.user} --token ${account.token}, ${shown.url}.`)
        print('Ctrl-C ends it and removes what it kept.')
        await untilFired(stop.signal)
      }
      return isWell ? EXIT.well : EXIT.error
    } finally {
      await shown.close()
    }
  } catch (error) {
    if (stop.signal.aborted) return EXIT.stopped
    if (!(error instanceof Problem)) throw error
    warn(error.message)
    return error.exitCode
  } finally {
    stop.dispose()
    await folder?.remove()
  }
}

interface Way {
  readonly folder: TourFolder
  readonly url: string
  readonly account: Account
  readonly files: readonly string[]
  readonly signal: AbortSignal
}

/** Takes files from device A through the server to device B. @returns whether each arrived as it was, and the server cannot read it. */
const takeAlong = async ({ folder, url, account, files, signal }: Way): Promise<boolean> => {
  const remote = () => httpRemote({ url, ...account })
  const device = (name: string) =>
    createBlobSync({
      live: false,
      store: fileStore(join(folder.path, name)),
      remote: remote(),
      cipher: streamingCipher(folder.secret),
      paused: true,
    })
  const a = device('a')
  const b = device('b')
  try {
    const put = await putAll(a, files)
    print(`Device A  put ${put.length} files, ${new Set(put.map(({ id }) => id)).size} of them different`)
    await syncWithBar(a, 'A → server  ', signal)
    await syncWithBar(b, 'server → B  ', signal)
    const rows = await compareDevices(put, a, b)
    tableOf(rows).forEach(print)
    const looks = await lookAtServer(remote(), rows)
    looks.lines.forEach(print)
    const isWell = looks.isCiphertext && rows.every(({ isEqual }) => isEqual)
    print(isWell ? 'Every file is equal on A and B, and the server cannot read them.' : 'NOT every file arrived as it should.')
    return isWell
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

const parsed = (args: readonly string[]) => {
  try {
    const options = {
      once: { type: 'boolean' },
      port: { type: 'string' },
      log: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    } as const
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  }
}

/** npm runs scripts in the project's folder and tells where it was called from. */
const calledFrom = (): string => process.env['INIT_CWD'] ?? process.cwd()

const pathsOf = (given: readonly string[]): readonly string[] => {
  if (given.length > 0) return given.map((path) => resolve(calledFrom(), path))
  const project = resolve(import.meta.dirname, '..', '..')
  return [join(project, 'README.md'), join(project, 'docs')]
}

const FILES_AT_ONCE = 10

const putAll = async (blobs: BlobSync, files: readonly string[]): Promise<readonly PutFile[]> => {
  const put: PutFile[] = []
  for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
    const some = files.slice(start, start + FILES_AT_ONCE)
    const views = await Promise.all(some.map(async (path) => blobs.put(await openAsBlob(path), { id: 'content' })))
    views.forEach(({ id }, index) => put.push({ id, path: some[index] ?? '' }))
  }
  return put
}

const syncWithBar = async (blobs: BlobSync, label: string, signal: AbortSignal): Promise<void> => {
  await blobs.ready
  const screen = openScreen(blobs, process.stdout, label)
  const startedAtMs = performance.now()
  blobs.resume()
  const report = await blobs.sync({ signal }).finally(screen.end)
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  print(`${label}${report.uploaded.length} uploaded, ${report.downloaded.length} downloaded in ${seconds} s`)
  for (const { id, failure } of [...report.failed, ...report.held, ...report.waiting]) {
    print(`${label}${id}: ${failure?.message ?? 'not settled'}`)
  }
}

const tableOf = (rows: readonly Row[]): readonly string[] => [
  '',
  ...tableText(
    [
      ['file', 'size', 'status on A', 'status on B', 'content equal'],
      ...rows.map((row) => [
        shown(row.path),
        sizeText(row.sizeBytes),
        row.statusOnA,
        row.statusOnB,
        row.isEqual ? 'yes' : `NO${row.problem === null ? '' : `: ${row.problem}`}`,
      ]),
    ],
    [1],
  ),
  '',
]

/** As the person who called it would write it. */
const shown = (path: string): string => {
  const short = relative(calledFrom(), path)
  return short === '' || short.startsWith('..') ? path : short
}
