import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import type { BlobSync } from '../options'

export interface PutFile {
  readonly id: string
  readonly path: string
}

/** One file on both devices. */
export interface Row extends PutFile {
  readonly sizeBytes: number
  readonly statusOnA: string
  readonly statusOnB: string
  /** The file, A's blob and B's blob have one SHA-256, and both are synced. */
  readonly isEqual: boolean
  readonly problem: string | null
}

/** Reads every file, and its blob on both devices, and compares their hashes. */
export const compareDevices = async (files: readonly PutFile[], a: BlobSync, b: BlobSync): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const file of files) rows.push(await compare(file, a, b))
  return rows
}

const compare = async (file: PutFile, a: BlobSync, b: BlobSync): Promise<Row> => {
  const statusOf = (blobs: BlobSync) => blobs.blob(file.id).getSnapshot().status
  const original = await openAsBlob(file.path)
  const row = { ...file, sizeBytes: original.size, statusOnA: statusOf(a), statusOnB: statusOf(b) }
  try {
    const [expected, onA, onB] = await Promise.all([hashOf(original), a.get(file.id).then(hashOf), b.get(file.id).then(hashOf)])
    const isSynced = row.statusOnA === 'SYNCED' && row.statusOnB === 'SYNCED'
    return { ...row, isEqual: isSynced && expected === onA && onA === onB, problem: null }
  } catch (error) {
    return { ...row, isEqual: false, problem: error instanceof Error ? error.message : String(error) }
  }
}

const hashOf = async (content: Blob): Promise<string> => {
  const hash = createHash('sha256')
  for await (const bytes of content.stream()) hash.update(bytes)
  return hash.digest('hex')
}
