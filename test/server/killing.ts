import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { onTestFinished } from 'vitest'

/** The server as one file that plain Node runs; inside the project, so that its packages are found. */
export const built = async () => {
  const directory = await mkdtemp(join(import.meta.dirname, '../../node_modules/.killable-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'killable.mjs')
  const bundle = await rolldown({ input: join(import.meta.dirname, 'killable.ts'), platform: 'node', logLevel: 'silent' })
  await bundle.write({ file, codeSplitting: false })
  return file
}

/** That server, in a process of its own. */
export const started = async (file: string, root: string, { port = 0, quotaBytes }: Started = {}) => {
  const quota = quotaBytes === undefined ? [] : [String(quotaBytes)]
  const child = spawn(process.execPath, [file, root, String(port), ...quota], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  return { child, url: String(line).trim() }
}

interface Started {
  /** @default any free one */
  readonly port?: number
  /** @default unlimited */
  readonly quotaBytes?: number
}
