/** The folder where a store of this name keeps its files. */
export const folderOf = async (name: string): Promise<FileSystemDirectoryHandle> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name)))
  const text = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return (await navigator.storage.getDirectory()).getDirectoryHandle(`blobsync-${text}`, { create: true })
}

/** What lies there, by name, but for what Chromium keeps beside a file while a page writes it. */
export const filesOf = async (name: string): Promise<ReadonlyMap<string, FileSystemFileHandle>> => {
  const found = new Map<string, FileSystemFileHandle>()
  for await (const [file, handle] of (await folderOf(name)).entries())
    if (handle instanceof FileSystemFileHandle && !file.endsWith('.crswap')) found.set(file, handle)
  return found
}

/** Puts a file there, behind the store's back. */
export const putFile = async (name: string, file: string, content: string): Promise<void> => {
  const stream = await (await (await folderOf(name)).getFileHandle(file, { create: true })).createWritable()
  await stream.write(content)
  await stream.close()
}

/** Everything that lies there. */
export const namesOf = async (name: string): Promise<readonly string[]> => {
  const names: string[] = []
  for await (const file of (await folderOf(name)).keys()) names.push(file)
  return names
}
