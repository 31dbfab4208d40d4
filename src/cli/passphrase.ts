import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { EXIT } from './command'
import { Problem } from './problem'
import { textIn, type Values } from './values'

/**
 * The passphrase from `--passphrase-file`, else from `BLOBSYNC_PASSPHRASE`, else from the terminal.
 *
 * @throws {Problem} if there is none, or it is empty.
 */
export const passphraseFrom = async (values: Values, environment: NodeJS.ProcessEnv): Promise<string> => {
  const path = textIn(values, 'passphrase-file')
  const given = path === undefined ? (environment['BLOBSYNC_PASSPHRASE'] ?? '') : await firstLineOf(path)
  if (given !== '') return given
  if (path !== undefined) throw new Problem(`The passphrase file ${path} is empty.`)
  if (!process.stdin.isTTY) {
    throw new Problem('This needs the passphrase: run it on a terminal, set BLOBSYNC_PASSPHRASE, or give --passphrase-file FILE.')
  }
  return askPassphrase('Passphrase of the Soledad account: ', process.stdin, process.stderr)
}

/** Asks on a terminal, which shows nothing of what is typed. */
export const askPassphrase = async (
  prompt: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string> => {
  // Readline edits the line, keeps the terminal from echoing, and writes its own echo here.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  output.write(prompt)
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', (line) => (line === '' ? reject(new Problem('No passphrase was given.')) : resolve(line)))
      lines.once('SIGINT', () => reject(new Problem('Stopped; nothing was written.', EXIT.stopped)))
      lines.once('close', () => reject(new Problem('No passphrase was given.')))
    })
  } finally {
    lines.close()
    output.write('\n')
  }
}

const firstLineOf = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n.*$/s, '')
  } catch (error) {
    throw new Problem(`The passphrase file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
