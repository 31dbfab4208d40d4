import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** A process of the built command line, read line by line. */
export interface Process {
  /** Resolves with the first line, past or to come, that fits; rejects if the process ends without one. */
  readonly line: (fits: RegExp) => Promise<string>
  readonly end: Promise<Ended>
  /** What it has written so far. */
  readonly lines: () => readonly string[]
  readonly signal: (name: NodeJS.Signals) => void
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const project = resolve(import.meta.dirname, '..', '..')
const scripts = { main: join(project, 'dist', 'cli', 'main.js'), start: join(project, 'docs', 'demo', 'start.ts') }
const running = new Set<Process>()

/** Starts the command line, or what `npm start` runs; `npm run build` and `build:page` made them. */
export const start = (
  script: keyof typeof scripts,
  args: readonly string[],
  environment: Record<string, string> = {},
): Process => {
  const child = spawn(process.execPath, [scripts[script], ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const watchers = new Set<(line: string) => void>()
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
    lines.push(line)
    stdout += `${line}\n`
    for (const watcher of watchers) watcher(line)
  })
  const end = new Promise<Ended>((done) => child.on('close', (code) => done({ code, stdout, stderr })))
  const made: Process = {
    end,
    lines: () => [...lines],
    signal: (name) => void child.kill(name),
    line: (fits) =>
      new Promise((done, fail) => {
        const past = lines.find((line) => fits.test(line))
        if (past !== undefined) done(past)
        const watcher = (line: string) => {
          if (fits.test(line)) done(line)
        }
        watchers.add(watcher)
        void end.then(({ code }) => fail(new Error(`It ended with ${code} and no line like ${fits}:\n${stdout}\n${stderr}`)))
      }),
  }
  running.add(made)
  void end.then(() => running.delete(made))
  return made
}

/** Runs a command to its end. */
export const blobsync = (args: readonly string[], environment?: Record<string, string>): Promise<Ended> =>
  start('main', args, environment).end

/** A new temporary folder, and what removes it after ending the processes that still run. */
export const playground = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'blobsync-cli-'))
  return {
    path: (...parts: string[]) => join(folder, ...parts),
    clear: async () => {
      const left = [...running]
      for (const each of left) each.signal('SIGKILL')
      await Promise.all(left.map(({ end }) => end))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const account = 'ann:s3cret'

/** Starts a server on a free port, or on a given one, and waits until it listens. */
export const startServer = async (root: string, port = 0) => {
  const server = start('main', ['serve', '--root', root, '--port', String(port), '--account', account])
  const url = (await server.line(/^Listening on /)).replace('Listening on ', '')
  return {
    url,
    port: Number(new URL(url).port),
    stop: async () => {
      server.signal('SIGINT')
      return server.end
    },
  }
}
