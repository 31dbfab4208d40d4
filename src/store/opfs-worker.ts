/**
 * The worker that writes files, as text: whatever bundles an app, it has nothing to find or to load, and what a compiler or a
 * measuring of coverage would put into a function cannot be missing in it.
 *
 * It is told `[call, folder, name, position, bytes, end]` and answers `[call]`, or `[call, errorName, message]` after which the file is closed.
 * `end` is 0 while more bytes follow, 1 for the last, 2 to give the file up, 3 to make durable what is there while more follows. One call after the other: Chromium hangs when
 * a worker opens several files at once. It also forgets a handle that nothing refers to, and then never answers what that was asked: so one is `held`.
 */
export const workerScript = `
const files = new Map()
let turn, where, held
const open = async (folder, name) => {
  where ??= navigator.storage.getDirectory().then((root) => (held = root).getDirectoryHandle(folder, { create: true }))
  held = await (await where).getFileHandle(name, { create: true })
  return held.createSyncAccessHandle()
}
const write = async ([call, folder, name, at, bytes, end]) => {
  let file = files.get(name)
  const answer = [call]
  try {
    if (end !== 2) {
      if (!file) files.set(name, (file = await open(folder, name).catch(() => ((where = null), open(folder, name)))))
      if (bytes && file.write(bytes, { at }) < bytes.length) throw new DOMException('', 'QuotaExceededError')
      if (end) file.flush()
    }
  } catch (error) {
    end = 2
    answer.push(error.name, error.message)
  }
  if (end && end < 3 && file) {
    files.delete(name)
    file.close()
  }
  postMessage(answer)
}
onmessage = ({ data }) => (turn = Promise.resolve(turn).then(() => write(data)))
if (FileSystemFileHandle.prototype.createSyncAccessHandle) postMessage([])
else throw new Error('no files')
`
