import { openAsBlob } from 'node:fs'
import { Priority } from '../model/record'
import { isBlobSyncError, type BlobSync, type PutOptions } from '../options'
import { EXIT, type Command } from './command'
import { filesUnder } from './files'
import { withBlobs } from './home'
import { print, printJson, sizeText, warn } from './print'
import { Problem, UsageProblem } from './problem'
import { readOrMakeSecret } from './secret'
import { keyIn } from './settings'
import { flagIn, textIn, type Values } from './values'

/** Stores files on this device; works without a server, which hears of them at the next `sync`. */
export const put: Command = {
  name: 'put',
  operands: 'PATH…',
  does: 'stores files, to be uploaded by the next sync; a folder stands for all files under it',
  options: { id: { type: 'string' }, priority: { type: 'string' }, 'local-only': { type: 'boolean' } },
  optionHelp: [
    '--id ID             the blob’s id, for one file         [made from the content]',
    '--priority P        low, medium, high or urgent         [medium]',
    '--local-only        keeps it on this device',
  ],
  run: async ({ settings, values, operands }) => {
    if (operands.length === 0) throw new UsageProblem('put needs a file or a folder.')
    const files = await filesUnder(operands)
    const options = optionsIn(values, settings.namespace)
    if (textIn(values, 'id') !== undefined) {
      if (files.length !== 1) throw new UsageProblem(`--id names one blob, but there are ${files.length} files.`)
      keyIn(settings, options.id)
    }
    const secret = await readOrMakeSecret(settings)
    return withBlobs(settings, secret, true, async (blobs) => {
      let failed = 0
      for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
        const some = files.slice(start, start + FILES_AT_ONCE)
        for (const each of await Promise.all(some.map((path) => putFile(blobs, path, options)))) {
          if ('problem' in each) {
            failed += 1
            warn(each.problem)
          } else if (settings.json) printJson(each)
          else print(`${each.id}  ${sizeText(each.sizeBytes)}  ${each.path}`)
        }
      }
      return failed === 0 ? EXIT.well : EXIT.error
    })
  },
}

/** Files opened at once; the store commits what comes together in one go. */
const FILES_AT_ONCE = 10

interface Stored {
  readonly id: string
  readonly sizeBytes: number | null
  readonly path: string
}

const putFile = async (blobs: BlobSync, path: string, options: PutOptions): Promise<Stored | { readonly problem: string }> => {
  try {
    const { id, sizeBytes } = await blobs.put(await openAsBlob(path), options)
    return { id, sizeBytes, path }
  } catch (error) {
    if (isBlobSyncError(error) || (error instanceof Error && 'code' in error)) return { problem: `${path}: ${error.message}` }
    throw error
  }
}

const optionsIn = (values: Values, namespace: string): PutOptions & { readonly id: string } => {
  const priority = textIn(values, 'priority') ?? 'medium'
  if (!Priority.is(priority)) throw new Problem(`--priority is low, medium, high or urgent, not “${priority}”.`)
  return { namespace, id: textIn(values, 'id') ?? 'content', priority, localOnly: flagIn(values, 'local-only') }
}
