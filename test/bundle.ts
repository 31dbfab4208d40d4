import { basename, join } from 'node:path'
import { rolldown } from 'rolldown'

/** Makes one file of a script and what it imports, so that a process of its own can run it in plain Node. */
export const bundle = async (script: string, folder: string): Promise<string> => {
  const file = join(folder, `${basename(script, '.ts')}.mjs`)
  const build = await rolldown({ input: script, platform: 'node' })
  await build.write({ file, format: 'esm' })
  await build.close()
  return file
}
