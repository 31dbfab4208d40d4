import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isNewHome } from './home'
import { warn } from './print'
import { Problem } from './problem'
import type { Settings } from './settings'

const SECRET_BYTES = 512
const UNUSED_BYTES = 64

/**
 * The secret from its file.
 *
 * @throws {Problem} if there is none, or it is not hex, or too short.
 */
export const readSecret = async ({ secretFile }: Settings): Promise<Uint8Array> => {
  const text = await textOf(secretFile)
  if (text !== null) return secretIn(text, secretFile)
  throw new Problem(
    `There is no secret at ${secretFile}. Copy it from your first device, or name it with --secret-file; on the first device “blobsync put” makes one.`,
  )
}

/** As `readSecret`; makes a secret where there is none and the home is still empty. */
export const readOrMakeSecret = async (settings: Settings): Promise<Uint8Array> => {
  const { secretFile, home } = settings
  if ((await textOf(secretFile)) !== null) return readSecret(settings)
  if (!(await isNewHome(home))) {
    throw new Problem(
      `The secret at ${secretFile} is gone, but ${home} holds blobs that belong to it. Bring it back, or name it with --secret-file.`,
    )
  }
  const secret = new Uint8Array(randomBytes(SECRET_BYTES))
  // Another put may have made one a moment ago.
  if (!(await writeSecret(secretFile, secret))) return readSecret(settings)
  warn(`made a secret, ${secretFile}. Keep a copy: without it nothing can be read, on any device.`)
  return secret
}

/**
 * Puts a secret that came from elsewhere into its file. @returns whether it was written: false if the file held it already.
 *
 * @throws {Problem} if the file holds another one.
 */
export const keepSecret = async (settings: Settings, secret: Uint8Array): Promise<boolean> => {
  const { secretFile } = settings
  if (await writeSecret(secretFile, secret)) return true
  if (Buffer.compare(await readSecret(settings), secret) === 0) return false
  throw new Problem(
    `There is another secret at ${secretFile}, which stays as it is. Take another --home, or another --secret-file.`,
  )
}

/** @returns false if the file is there. */
const writeSecret = async (path: string, secret: Uint8Array): Promise<boolean> => {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, `${Buffer.from(secret).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw new Problem(`The secret cannot be written to ${path}: ${messageOf(error)}`)
  }
}

const textOf = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new Problem(`The secret at ${path} cannot be read: ${messageOf(error)}`)
  }
}

const secretIn = (text: string, path: string): Uint8Array => {
  const hex = text.trim()
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Problem(`The secret at ${path} is not in hex.`)
  const secret = new Uint8Array(Buffer.from(hex, 'hex'))
  if (secret.length <= UNUSED_BYTES) {
    throw new Problem(`The secret at ${path} has ${secret.length} bytes; it needs more than ${UNUSED_BYTES}.`)
  }
  return secret
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
