/** Plain files in the origin private file system: a worker with a sync handle, one after the other, each flushed before it is acknowledged. */
export const openFiles = (folder: string) => {
  const worker = new Worker(URL.createObjectURL(new Blob([script])))
  const waiting = new Map<number, (bytes: Uint8Array) => void>()
  let calls = 0
  worker.addEventListener('message', ({ data: [call, bytes] }: MessageEvent<[number, Uint8Array]>) => {
    waiting.get(call)?.(bytes)
    waiting.delete(call)
  })
  const ask = (id: string, bytes?: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
    new Promise((answer) => {
      waiting.set(calls, answer)
      worker.postMessage([calls++, folder, id, bytes], bytes === undefined ? [] : [bytes.buffer])
    })
  return {
    // The page keeps its bytes, as it does with the others.
    put: (group: readonly { readonly id: string; readonly bytes: Uint8Array<ArrayBuffer> }[]) =>
      Promise.all(group.map(({ id, bytes }) => ask(id, bytes.slice()))),
    get: (ids: readonly string[]) => Promise.all(ids.map((id) => ask(id))),
    close: async () => worker.terminate(),
  }
}

const script = `
let turn = Promise.resolve(), where, held
const run = async ([call, folder, id, bytes]) => {
  where ??= await (await navigator.storage.getDirectory()).getDirectoryHandle(folder, { create: true })
  // Chromium never answers a handle that nothing refers to any more.
  held = await where.getFileHandle(id, { create: true })
  const file = await held.createSyncAccessHandle()
  if (bytes) {
    file.write(bytes)
    file.flush()
    file.close()
    postMessage([call])
  } else {
    const found = new Uint8Array(file.getSize())
    file.read(found)
    file.close()
    postMessage([call, found], [found.buffer])
  }
}
onmessage = ({ data }) => (turn = turn.then(() => run(data)))
`
