import type { fileStore } from 'blobsync/store/file'

export type BlobRecord = Parameters<ReturnType<typeof fileStore>['remember']>[0][number]

type Given = { readonly id: string; readonly status: string; readonly isHere: boolean } & Readonly<Record<string, unknown>>

/** A record as a store holds it. The package makes none for others, and a bench uses what is published. */
export const recordWith = (given: Given): BlobRecord => {
  const record = {
    version: 1,
    namespace: 'default',
    held: null,
    priority: 'medium',
    sizeBytes: null,
    listedBytes: null,
    seal: null,
    tag: null,
    isExternal: false,
    uploadWasTried: false,
    attempts: 0,
    dueAtMs: null,
    failure: null,
    missingSinceMs: null,
    erasedAtMs: null,
    trashedAtMs: null,
    isPinned: false,
    usedAtMs: null,
    upload: null,
    download: null,
    changedAtMs: 1,
    ...given,
  }
  // The ids and the namespace of a bench are valid.
  return record as unknown as BlobRecord
}
