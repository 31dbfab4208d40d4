import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isBlobSyncError } from '../options'
import { EXIT, type Command } from './command'
import { withBlobs } from './home'
import { warn } from './print'
import { Problem, UsageProblem } from './problem'
import { readSecret } from './secret'
import { keyIn } from './settings'
import { flagIn, textIn } from './values'

/** Writes the content of one blob, all of it verified, or nothing. */
export const get: Command = {
  name: 'get',
  operands: 'ID',
  does: 'writes the verified content, fetched if it is not here',
  options: { output: { type: 'string', short: 'o' }, external: { type: 'boolean' } },
  optionHelp: [
    '-o, --output FILE   where to write it                   [stdout]',
    '--external          takes a blob that someone else encrypted, as it was delivered',
  ],
  run: async ({ settings, values, operands }) => {
    const [id, ...more] = operands
    if (id === undefined || more.length > 0) throw new UsageProblem('get needs one id.')
    const { namespace } = keyIn(settings, id)
    const secret = await readSecret(settings)
    return withBlobs(settings, secret, true, async (blobs) => {
      try {
        const content = await blobs.get(id, { namespace, external: flagIn(values, 'external') })
        const output = textIn(values, 'output')
        await (output === undefined || output === '-' ? writeOut(content) : writeFileWhole(content, output))
        return EXIT.well
      } catch (error) {
        if (!isBlobSyncError(error)) throw error
        const { status } = blobs.blob(id, { namespace }).getSnapshot()
        if (status !== 'FAILED_DOWNLOAD' && error.failure._tag !== 'Tampered') {
          throw new Problem(`${id} cannot be had: ${error.message}`)
        }
        warn(`${id} did not verify: ${error.message}`)
        warn(
          'nothing was written; its status is FAILED_DOWNLOAD. Once the server is repaired, “blobsync retry” lets it be fetched again.',
        )
        return EXIT.unsettled
      }
    })
  },
}

const writeOut = async (content: Blob): Promise<void> => {
  for await (const bytes of content.stream()) {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }
}

/** Writes beside the target, then renames: the target is whole or as it was. */
const writeFileWhole = async (content: Blob, path: string): Promise<void> => {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`)
  try {
    const file = await open(draft, 'wx')
    try {
      for await (const bytes of content.stream()) await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw new Problem(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}
