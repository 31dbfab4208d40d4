import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const folder = join(import.meta.dirname, '../../../node_modules/.cache/blobsync-peers')
const packages = { 'pouchdb-node': '9.0.0', 'express-pouchdb': '4.2.0', express: '4.21.2' }

/** Where `require` finds PouchDB and its server. */
export const pouchdbManifest = join(folder, 'package.json')

/**
 * Installs them where git does not look; none of the project's own packages wants them.
 *
 * @returns why they could not be; null if they are there.
 */
export const installPouchdb = async (): Promise<string | null> => {
  const manifest = JSON.stringify({ private: true, dependencies: packages })
  try {
    if ((await readFile(join(folder, 'installed'), 'utf8')) === manifest) return null
  } catch {
    // Not installed yet, or not to the end.
  }
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(pouchdbManifest, manifest)
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      timeout: 180_000,
    })
    await writeFile(join(folder, 'installed'), manifest)
    return null
  } catch (error) {
    return `npm could not install it: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`
  }
}
