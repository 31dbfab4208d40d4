import { createBlobSync, httpRemote, idbStore, soledadCipher, type BlobSync } from '../../src/browser'

const secret = new Uint8Array(96).fill(7)
let blobs: BlobSync | null = null
const opened = () => {
  if (blobs === null) throw new Error('The tab is not open.')
  return blobs
}

/** Bytes that differ by their number; larger than what shares requests. */
const fileOf = (number: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(70_000).map((_, at) => (at * 31 + (at >> 8) * 17 + number * 101) & 255)

/** What a test does in a tab. */
const tab = {
  open: async (url: string) => {
    blobs = createBlobSync({
      store: idbStore('tabs'),
      remote: httpRemote({ url, user: 'ada', token: 'secret' }),
      cipher: soledadCipher(secret),
    })
    await blobs.ready
  },
  leadership: () => opened().actor.getSnapshot().value.leadership,
  /** Puts files of these numbers, under ids that tell them or that are derived from them. */
  put: async (numbers: readonly number[], isNamedByContent: boolean) => {
    const views = await Promise.all(
      numbers.map((number) => opened().put(fileOf(number), { id: isNamedByContent ? 'content' : `file${number}` })),
    )
    return views.map(({ id }) => id)
  },
  idle: () => opened().idle(),
  delete: (id: string) => opened().delete(id),
  shown: () => ({
    snapshot: opened().getSnapshot(),
    blobs: opened()
      .list()
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }),
  isWhole: async (id: string, number: number) => {
    const bytes = new Uint8Array(await (await opened().get(id)).arrayBuffer())
    const expected = fileOf(number)
    return bytes.length === expected.length && expected.every((byte, at) => byte === bytes[at])
  },
  close: () => opened().close(),
  hasLocks: () => 'locks' in navigator,
}

declare global {
  var tab: Tab
}
export type Tab = typeof tab
globalThis.tab = tab
