import { randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createBlobSync } from '../blob-sync'
import { soledadCipher } from '../cipher/soledad'
import type { BlobSync } from '../options'
import { httpRemote } from '../remote/http'
import { serve, type Serving } from '../server/index'
import { fileStore } from '../store/file'
import { EXIT } from './command'
import { filesUnder } from './files'
import { lookAtServer } from './look-at-server'
import { print, sizeText, tableText, warn } from './print'
import { Problem } from './problem'
import { openScreen } from './screen'
import { stopSignal, untilFired } from './stop'
import { compareDevices, type PutFile, type Row } from './compare-devices'

const USAGE = 'Usage: npm start [-- PATH… [--once]]'

/**
 * Shows the whole way on this machine: a server of its own in a temporary folder, files put on device A, synced to device B,
 * compared; then it keeps serving until Ctrl-C, or ends at once with `--once`.
 *
 * @returns 0 if every file arrived as it was.
 */
export const tour = async (args: readonly string[]): Promise<number> => {
  const stop = stopSignal()
  const folder = await mkdtemp(join(tmpdir(), 'blobsync-start-'))
  try {
    const { values, positionals } = parsed(args)
    if (values.help === true) {
      print(USAGE)
      return EXIT.well
    }
    const files = await filesUnder(pathsOf(positionals))
    if (files.length === 0) throw new Problem('There is no file under these paths.')
    return await runTour(folder, files, values.once === true, stop.signal)
  } catch (error) {
    if (stop.signal.aborted) return EXIT.stopped
    if (!(error instanceof Problem)) throw error
    warn(error.message)
    return error.exitCode
  } finally {
    stop.dispose()
    await rm(folder, { recursive: true, force: true })
  }
}

const runTour = async (folder: string, files: readonly string[], isOnce: boolean, signal: AbortSignal): Promise<number> => {
  const account = { user: 'me', token: randomBytes(24).toString('base64url') }
  const serving = await serve({ root: join(folder, 'server'), port: 0, accounts: [account] })
  try {
    print(`Server    ${serving.url}, in ${folder}`)
    const remote = () => httpRemote({ url: serving.url, ...account })
    const secret = new Uint8Array(randomBytes(512))
    const device = (name: string) =>
      createBlobSync({ store: fileStore(join(folder, name)), remote: remote(), cipher: soledadCipher(secret), paused: true })
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
      if (!isOnce) await keepServing(serving, account, signal)
      return isWell ? EXIT.well : EXIT.error
    } finally {
      await Promise.all([a.close(), b.close()])
    }
  } finally {
    await serving.close()
  }
}

const parsed = (args: readonly string[]) => {
  try {
    const options = { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
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

const keepServing = async ({ url }: Serving, account: { user: string; token: string }, signal: AbortSignal): Promise<void> => {
  print(
    `Still serving ${url} for --user ${account.user} --token ${account.token}. Ctrl-C ends it and removes the temporary folder.`,
  )
  await untilFired(signal)
}
