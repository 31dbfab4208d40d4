import { readFile } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { openSoledadSecrets } from '../cipher/soledad-secrets'
import type { Command } from './command'
import { requireRemote } from './home'
import { passphraseFrom } from './passphrase'
import { print, printJson, warn } from './print'
import { Problem, UsageProblem } from './problem'
import { proveSecret } from './prove-secret'
import { keepSecret } from './secret'
import type { Settings } from './settings'
import { syncHome, syncOptionHelp, syncOptions } from './sync-home'
import { textIn } from './values'

/** Makes a home of an account of Soledad: its secret, then its blobs. Harmless a second time. */
export const importSoledad: Command = {
  name: 'import-soledad',
  operands: '',
  does: 'makes a home of a Soledad account: opens its secrets file, keeps the secret, and syncs',
  options: { secrets: { type: 'string' }, 'passphrase-file': { type: 'string' }, ...syncOptions },
  optionHelp: [
    '--secrets FILE      the account’s secrets file, as Soledad keeps it: <user>.secret',
    '--passphrase-file F the passphrase is its first line    [BLOBSYNC_PASSPHRASE, else asked for]',
    ...syncOptionHelp,
  ],
  run: async ({ settings, values, operands, environment }) => {
    if (operands.length > 0) throw new UsageProblem('import-soledad takes options only.')
    const path = textIn(values, 'secrets')
    if (path === undefined) throw new UsageProblem('import-soledad needs --secrets FILE.')
    requireRemote(settings)
    const json = await textOf(path)
    const opened = await openSoledadSecrets(json, await passphraseFrom(values, environment))()
    if (E.isLeft(opened)) throw new Problem(`${path} was not opened, and nothing was written. ${opened.left.message}`)
    const { remoteSecret, isVerified } = opened.right
    if (!isVerified) await requireProof(settings, remoteSecret)
    const isNew = await keepSecret(settings, remoteSecret)
    const { secretFile, json: asJson } = settings
    if (asJson) printJson({ event: 'imported', secretFile, isNew })
    else {
      print(isNew ? `The account’s secret is now in ${secretFile}.` : `The account’s secret was in ${secretFile} already.`)
      if (settings.cipher !== 'soledad')
        print('What you put is not for Soledad’s own clients to read, unless you give --cipher soledad.')
    }
    return syncHome(settings, remoteSecret, values)
  },
}

/** A file of version 1 may open with any passphrase: then the account’s blobs must tell. */
const requireProof = async (settings: Settings, secret: Uint8Array): Promise<void> => {
  switch (await proveSecret(settings, secret)) {
    case 'opens':
      return
    case 'opensNone':
      throw new Problem('The passphrase is wrong, and nothing was written: what it opens reads no blob of the account.')
    case 'nothingToTry':
      warn(
        'this secrets file cannot tell a wrong passphrase, and the server holds no blob that could. Compare with another device.',
      )
  }
}

const textOf = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Problem(`The secrets file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
