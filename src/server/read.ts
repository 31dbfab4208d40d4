import { open, type FileHandle } from 'node:fs/promises'
import * as E from 'fp-ts/Either'
import { asRow, NameRow } from './database'
import type { Choose, ServerBackend, StoredBytes, StoredKey } from './backend'
import { fileBody } from './file-body'
import type { PayloadFiles } from './payload-files'
import type { Refusal } from './refusal'
import type { Rows } from './rows'

/** Reads stored bytes, small ones at once and large ones as they are wanted: the backend's `read`. */
export const reading = (rows: Rows, files: PayloadFiles): ServerBackend['read'] => {
  const openFile = (key: StoredKey, name: string): Promise<FileHandle | null> =>
    open(files.path(name), 'r').catch((error: unknown) => {
      // Deleted since the row was read; otherwise a payload is lost, which nobody expects.
      if (!rows.has(key)) return null
      throw error
    })

  return (key, choose = whole) =>
    async () => {
      const row = rows.payload(key)
      if (row === null) return missing(key)
      const { tag, file, bytes } = row
      if (bytes !== null) {
        const span = choose(bytes.length, tag)
        if (span === null) return outOfRange(bytes.length)
        return E.right({ tag, sizeBytes: bytes.length, span, body: bytes.subarray(span.from, span.to) })
      }
      const handle = await openFile(key, asRow(NameRow, { file }).file)
      return handle === null ? missing(key) : readFile(handle, tag, choose)
    }
}

const readFile = async (handle: FileHandle, tag: string, choose: Choose): Promise<E.Either<Refusal, StoredBytes>> => {
  const { size: sizeBytes } = await handle.stat()
  const span = choose(sizeBytes, tag)
  if (span !== null) return E.right({ tag, sizeBytes, span, body: fileBody(handle, span) })
  await handle.close()
  return outOfRange(sizeBytes)
}

const whole: Choose = (sizeBytes) => ({ from: 0, to: sizeBytes })

const missing = ({ id }: StoredKey): E.Either<Refusal, never> => E.left({ _tag: 'Missing', id })

const outOfRange = (sizeBytes: number): E.Either<Refusal, never> => E.left({ _tag: 'OutOfRange', sizeBytes })
