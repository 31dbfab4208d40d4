import { openAsBlob } from 'node:fs'
import * as E from 'fp-ts/Either'
import type { BlobKey } from '../model/ids'
import { blobKey } from '../model/ids'
import type { Remote } from '../remote/remote'
import type { PutFile, Row } from './compare-devices'
import { sizeText } from './print'
import { Problem } from './problem'

export interface ServerLook {
  readonly isCiphertext: boolean
  readonly lines: readonly string[]
}

/** Fetches what the server holds, as its operator sees it, and looks for the files' content in it. */
export const lookAtServer = async (remote: Remote, files: readonly Row[]): Promise<ServerLook> => {
  const found: string[] = []
  const payloads = new Map(files.map(({ id, path }) => [id, path]))
  let bytes = 0
  let windows = 0
  for (const [id, path] of payloads) {
    const stored = await storedBytes(remote, keyOf(id))
    const samples = await samplesOf(path)
    bytes += stored.length
    windows += samples.length
    if (!beginsAsBlob(stored) || samples.some((sample) => stored.includes(sample))) found.push(path)
  }
  const filled = files.filter(({ sizeBytes }) => sizeBytes >= DUMP_BYTES)
  const example = filled.find(({ path }) => /[.](md|txt)$/.test(path)) ?? filled[0] ?? files[0]
  return {
    isCiphertext: found.length === 0,
    lines: [
      `The server holds ${payloads.size} payloads, ${sizeText(bytes)}. Each begins as an encrypted blob does; of ${windows} samples of ${SAMPLE_BYTES} bytes from the files it holds ${found.length === 0 ? 'none' : 'SOME'}.`,
      ...found.map((path) => `READABLE on the server: ${path}`),
      ...(example === undefined ? [] : await sideBySide(remote, example)),
    ],
  }
}

const SAMPLE_BYTES = 32
const SAMPLES_MAX = 16
const DUMP_BYTES = 16

/** The header tells its own length, then come salt and nonce prefix; then the ciphertext, of 16 bytes at least. */
const HEADER_BYTES = 40
const TAG_BYTES = 16

const beginsAsBlob = (stored: Buffer): boolean => stored[0] === HEADER_BYTES && stored.length >= HEADER_BYTES + TAG_BYTES

/** Samples from all over a file, those of one repeated byte left out: such a file could be anything. */
const samplesOf = async (path: string): Promise<readonly Buffer[]> => {
  const content = await openAsBlob(path)
  const last = content.size - SAMPLE_BYTES
  if (last < 0) return []
  const step = Math.max(1, Math.floor(last / (SAMPLES_MAX - 1)))
  const samples: Buffer[] = []
  for (let at = 0; at <= last && samples.length < SAMPLES_MAX; at += step) {
    const sample = Buffer.from(await content.slice(at, at + SAMPLE_BYTES).arrayBuffer())
    if (new Set(sample).size > 1) samples.push(sample)
  }
  return samples
}

const sideBySide = async (remote: Remote, { id, path }: PutFile): Promise<readonly string[]> => {
  const plain = Buffer.from(await (await openAsBlob(path)).slice(0, DUMP_BYTES).arrayBuffer())
  const stored = (await storedBytes(remote, keyOf(id))).subarray(HEADER_BYTES)
  return [`  the file    ${dump(plain)}  ${path}`, `  the server  ${dump(stored.subarray(0, DUMP_BYTES))}  ${id}`]
}

const dump = (bytes: Buffer): string => {
  const hex = (bytes.toString('hex').match(/../g) ?? []).join(' ').padEnd(DUMP_BYTES * 3 - 1)
  return `${hex}  |${bytes
    .toString('latin1')
    .replace(/[^ -~]/g, '.')
    .padEnd(DUMP_BYTES)}|`
}

const storedBytes = async (remote: Remote, key: BlobKey): Promise<Buffer> => {
  const download = await remote.get(key)()
  if (E.isLeft(download)) throw new Problem(`The server does not give ${key.id}: ${download.left.message}`)
  const parts: Uint8Array[] = []
  for await (const part of download.right.body) parts.push(part)
  return Buffer.concat(parts)
}

const keyOf = (id: string): BlobKey => {
  const key = blobKey(id)
  if (E.isLeft(key)) throw new Problem(key.left.message)
  return key.right
}
