import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import type { Person } from './account'

/** What the server can say of one blob. */
export interface Stored {
  readonly id: string
  readonly sizeBytes: number
}

const List = t.array(t.type({ id: t.string, size: t.number }))

/** An encrypted blob begins with its header: length, salt, nonce prefix; what follows that is ciphertext. */
const HEADER_BYTES = 40
const SHOWN_BYTES = 32

/** Looks at the server as whoever runs it could: with no secret, and past every trouble of the devices' wires. */
export const serverView = ({ user, token }: Person) => {
  const headers = { authorization: `Token ${btoa(`${user}:${token}`)}` }
  const samples = new Map<string, Uint8Array>()
  return {
    list: async (): Promise<readonly Stored[]> => {
      const accept = 'application/vnd.blobsync.list+json'
      const answer = await fetch(`/server/blobs/${user}/?namespace=default`, {
        headers: { ...headers, accept },
        cache: 'no-store',
      })
      const list = answer.ok ? List.decode(await answer.json()) : null
      if (list === null || E.isLeft(list)) throw new Error(`The server answered ${answer.status}.`)
      return list.right.map(({ id, size }) => ({ id, sizeBytes: size }))
    },
    sampleOf: (id: string): Uint8Array | undefined => samples.get(id),
    /** Fetches some ciphertext of a blob. */
    fetchSample: async (id: string): Promise<void> => {
      if (samples.has(id)) return
      // Soledad leaves the last byte out that HTTP would give.
      const range = `bytes=${HEADER_BYTES}-${HEADER_BYTES + SHOWN_BYTES}`
      const url = `/server/blobs/${user}/${encodeURIComponent(id)}?namespace=default`
      const answer = await fetch(url, { headers: { ...headers, range }, cache: 'no-store' })
      // Deleted since it was listed.
      if (answer.status !== 206) return
      samples.set(id, new Uint8Array(await answer.arrayBuffer()).slice(0, SHOWN_BYTES))
    },
  }
}

/** As `hexdump` writes it. */
export const dumpOf = (bytes: Uint8Array): { readonly hex: string; readonly text: string } => ({
  hex: [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  text: [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
})
