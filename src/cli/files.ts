import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { warn } from './print'
import { Problem } from './problem'

/**
 * The files that paths stand for, in the order of their names: a folder stands for all files under it. Whatever is neither a
 * file nor a folder is told on stderr and left out.
 *
 * @throws {Problem} if a path leads nowhere.
 */
export const filesUnder = async (paths: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for (const path of paths) {
    const what = await stat(path).catch((error: unknown) => {
      throw new Problem(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    })
    if (what.isDirectory()) found.push(...(await filesIn(path)))
    else if (what.isFile()) found.push(path)
    else leftOut(path)
  }
  return found
}

/** Links are followed to files only: a link to a folder may lead in a circle. */
const filesIn = async (folder: string): Promise<readonly string[]> => {
  const found: string[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await filesIn(path)))
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(path)))) found.push(path)
    else leftOut(path)
  }
  return found
}

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

const leftOut = (path: string): void => warn(`${path} is left out: it is no file.`)
