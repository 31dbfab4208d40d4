import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { cpuMsIn, peakRssMiB } from '../usage.ts'
import { digestOf, filesIn } from './digest.ts'
import { LIMIT_MS, type Spent, type Work } from './peer.ts'

type Usage = Omit<Spent, 'startMs' | 'digest'>

/**
 * Runs a line of the shell. What its programs computed is known once they have ended; their memory while they run, so that it is asked
 * for every few milliseconds, and added up where several run at once.
 */
export const runCommand = async (line: string, environment: Readonly<Record<string, string>> = {}): Promise<Usage> => {
  const startMs = performance.now()
  const shell = spawn('bash', ['-c', `set -o pipefail; { ${line}; } >&2; code=$?; cat /proc/$$/stat; exit $code`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    detached: true,
  })
  const { pid } = shell
  if (pid === undefined) throw new Error('There is no bash.')
  const end = () => process.kill(-pid, 'SIGKILL')
  const peaks = new Map<number, number>()
  const watch = setInterval(() => notePeaks(pid, peaks), WATCH_MS)
  const timer = setTimeout(end, LIMIT_MS)
  process.once('exit', end)
  try {
    const said = Promise.all([text(shell.stdout), text(shell.stderr)])
    const [code] = await once(shell, 'exit')
    const wallMs = performance.now() - startMs
    const [stat, problems] = await said
    if (code !== 0) throw new Error(`${problems.trim().split('\n').slice(-3).join(' ')} (${String(code)})`)
    return { wallMs, cpuMs: cpuMsIn(stat, 'children'), peakRssMiB: [...peaks.values()].reduce((sum, each) => sum + each, 0) }
  } finally {
    process.off('exit', end)
    clearInterval(watch)
    clearTimeout(timer)
  }
}

const WATCH_MS = 5

const notePeaks = (shell: number, peaks: Map<number, number>) => {
  try {
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ').filter(Boolean)
    for (const pid of children.map(Number)) peaks.set(pid, peakRssMiB(pid))
  } catch {
    // One of them has just ended.
  }
}

export interface Lines {
  readonly line: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A client that is a line of the shell; `start` is one that only starts its programs. */
export const commandClient =
  (start: string, linesOf: (work: Work) => Promise<Lines> | Lines) =>
  async (work: Work): Promise<Spent> => {
    mkdirSync(work.directory, { recursive: true })
    const { line, environment } = await linesOf(work)
    const { wallMs: startMs } = await runCommand(start)
    const usage = await runCommand(line, environment)
    return { ...usage, startMs, digest: work.leg === 'down' ? await digestOf(filesIn(work.directory)) : null }
  }

/** @returns which of these programs this machine lacks, and where they come from; null if it has all. */
export const missingPrograms = async (names: readonly string[]): Promise<string | null> => {
  const lacking: string[] = []
  for (const name of names) {
    try {
      await runCommand(`command -v ${name}`)
    } catch {
      lacking.push(name)
    }
  }
  return lacking.length === 0 ? null : `this machine lacks ${lacking.join(', ')} (apt-get install ${lacking.join(' ')})`
}
