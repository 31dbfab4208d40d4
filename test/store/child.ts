import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { rolldown } from 'rolldown'

/** Makes one file of a script beside this one, so that a process of its own can run it. */
export const bundled = async (script: string, folder: string): Promise<string> => {
  const file = join(folder, `${script}.mjs`)
  const bundle = await rolldown({ input: join(import.meta.dirname, `${script}.ts`), platform: 'node' })
  await bundle.write({ file, format: 'esm' })
  await bundle.close()
  return file
}

export interface Child {
  readonly process: ChildProcess
  /** The lines that it says. Ends with the process. */
  readonly lines: AsyncIterable<string>
  /** SIGKILL; resolves once the process is gone, also a second time. */
  readonly kill: () => Promise<void>
}

/** Starts a script of `bundled`, which is to end when its input does, so that it never outlives this process. */
export const startChild = (file: string, ...given: readonly string[]): Child => {
  const child = spawn(process.execPath, ['--no-warnings', file, ...given], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  return {
    process: child,
    lines: createInterface({ input: child.stdout }),
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}
