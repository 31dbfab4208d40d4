import { isBlobSyncError, type BlobSync } from 'blobsync'
import { overheadBytes, seal, type FileHeader } from './envelope'

/** A file and the path under which a folder had it. */
export interface Given {
  readonly file: File
  readonly path: string
}

export interface Added {
  readonly id: string
  readonly header: FileHeader
  readonly sizeBytes: number
}

/** Puts at once: each reads its file twice, for its id and its bytes. */
const PUTS_AT_ONCE = 10

/** Puts files, some at a time, and tells how far it is. */
export const adding = (blobs: BlobSync, onAdded: (added: Added) => void, onChange: () => void) => {
  let state: { readonly done: number; readonly total: number } | null = null

  const put = async ({ file, path }: Given): Promise<string | null> => {
    const header = { name: path, type: file.type, lastModified: file.lastModified }
    try {
      const { id, sizeBytes } = await blobs.put(seal(file, header), { id: 'content' })
      onAdded({ id, header, sizeBytes: sizeBytes === null ? file.size : sizeBytes - overheadBytes(header) })
      return null
    } catch (error) {
      return `${path}: ${isBlobSyncError(error) ? error.message : String(error)}`
    }
  }

  return {
    /** How many of how many; null while none are put. */
    state: () => state,
    /** @returns what could not be put, in words. */
    add: async (given: readonly Given[]): Promise<readonly string[]> => {
      const problems: string[] = []
      const queue = [...given]
      state = { done: state?.done ?? 0, total: (state?.total ?? 0) + given.length }
      const putSome = async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const problem = await put(next)
          if (problem !== null) problems.push(problem)
          if (state !== null) state = { ...state, done: state.done + 1 }
          onChange()
        }
      }
      await Promise.all(Array.from({ length: PUTS_AT_ONCE }, putSome))
      if (state.done >= state.total) state = null
      onChange()
      return problems
    },
  }
}
