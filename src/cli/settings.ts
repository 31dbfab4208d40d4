import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import { blobKey, type BlobKey } from '../model/ids'
import * as E from 'fp-ts/Either'
import { Problem } from './problem'
import { countOf, flagIn, textIn, type Values } from './values'

export type CipherName = 'streaming' | 'soledad'

/** What all commands share. */
export interface Settings {
  /** The folder of this device's blobs. */
  readonly home: string
  /** The server's address; null if none was given. */
  readonly remote: string | null
  readonly user: string | null
  readonly token: string | null
  readonly secretFile: string
  readonly namespace: string
  /** What encrypts from now on; the other one's blobs are opened all the same. */
  readonly cipher: CipherName
  readonly transfers: number | undefined
  readonly json: boolean
}

export const commonOptions: ParseArgsOptionsConfig = {
  home: { type: 'string' },
  remote: { type: 'string' },
  user: { type: 'string' },
  token: { type: 'string' },
  'secret-file': { type: 'string' },
  namespace: { type: 'string' },
  cipher: { type: 'string' },
  transfers: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

export const commonHelp: readonly string[] = [
  '--home DIR          this device’s blobs                 [~/.blobsync]',
  '--remote URL        the server',
  '--user U            the account on it',
  '--token T           the account’s token; better in BLOBSYNC_TOKEN, where other users do not see it',
  '--secret-file F     the secret in hex, the same on all devices   [HOME/secret.hex]',
  '--namespace N       a set of blobs that sync together   [default]',
  '--cipher C          encrypts what is put: streaming or soledad  [streaming]',
  '--transfers N       transfers at once                   [6]',
  '--json              one JSON object per line',
  '--help              this',
]

/**
 * The settings from options, else from `BLOBSYNC_HOME`, `BLOBSYNC_REMOTE` and so on, else the defaults.
 *
 * @throws {Problem} if one of them makes no sense.
 */
export const settingsFrom = (values: Values, environment: NodeJS.ProcessEnv): Settings => {
  const given = (name: string): string | undefined => {
    const variable = environment[`BLOBSYNC_${name.toUpperCase().replaceAll('-', '_')}`]
    return textIn(values, name) ?? (variable === '' ? undefined : variable)
  }
  const home = resolve(given('home') ?? join(homedir(), '.blobsync'))
  return {
    home,
    remote: checkedUrl(given('remote')),
    user: given('user') ?? null,
    token: given('token') ?? null,
    secretFile: resolve(given('secret-file') ?? join(home, 'secret.hex')),
    namespace: checkedNamespace(given('namespace') ?? 'default'),
    cipher: checkedCipher(given('cipher') ?? 'streaming'),
    transfers: countOf(given('transfers'), '--transfers', 1),
    json: flagIn(values, 'json') || ['1', 'true', 'yes'].includes(given('json') ?? ''),
  }
}

/** The key of an id that was given on the command line. */
export const keyIn = ({ namespace }: Settings, id: string): BlobKey => {
  const key = blobKey(id, namespace)
  if (E.isLeft(key)) throw new Problem(key.left.message)
  return key.right
}

const checkedCipher = (name: string): CipherName => {
  if (name === 'streaming' || name === 'soledad') return name
  throw new Problem(`There is no cipher “${name}”. Use --cipher streaming, the default, or --cipher soledad.`)
}

const checkedUrl = (text: string | undefined): string | null => {
  if (text === undefined) return null
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Problem(`--remote takes an http or https address, not “${text}”.`)
  return text
}

const checkedNamespace = (name: string): string => {
  const key = blobKey('any', name)
  if (E.isLeft(key)) throw new Problem(key.left.message)
  return name
}
