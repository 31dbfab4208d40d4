import type { Given } from './adding'

/** What a drop brought: files, and all files under folders. Must be called before the event's handler returns. */
export const givenIn = async (transfer: DataTransfer): Promise<readonly Given[]> => {
  // The list is emptied when the handler returns.
  const entries = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found = await Promise.all(
    entries.map(async ({ entry, file }) => {
      if (entry !== null) return filesOf(entry)
      return file === null ? [] : [{ file, path: file.name }]
    }),
  )
  return found.flat()
}

/** What a file picker gave; a folder's files come with their paths. */
export const givenBy = (files: FileList | null): readonly Given[] =>
  [...(files ?? [])].map((file) => ({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath }))

const filesOf = async (entry: FileSystemEntry): Promise<readonly Given[]> => {
  const path = entry.fullPath.replace(/^[/]/, '')
  if (isFile(entry)) return [{ file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)), path }]
  if (!isFolder(entry)) return []
  const reader = entry.createReader()
  const found: Given[] = []
  // A folder is read in parts, the last of which is empty.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (part.length === 0) return found
    for (const inside of part) found.push(...(await filesOf(inside)))
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
