import * as E from 'fp-ts/Either'
import { blobKey, type BlobId, type BlobKey } from '../model/ids'
import type { Entry } from '../model/wire'
import type { Download, Page, Remote } from '../remote/remote'
import { expectRight, expectTrue } from './expect'

/** What a case works on: a remote, and keys in namespaces that nobody else uses. */
export interface Ground {
  readonly remote: Remote
  readonly key: (id: string) => BlobKey
  readonly otherKey: (id: string) => BlobKey
}

export const groundOf = (remote: Remote): Ground => {
  const word = crypto.randomUUID()
  const keyIn = (namespace: string) => (id: string) => expectRight(blobKey(id, namespace), 'a key')
  return { remote, key: keyIn(`conformance-${word}`), otherKey: keyIn(`conformance-other-${word}`) }
}

export const clean = async ({ remote, key, otherKey }: Ground): Promise<void> => {
  for (const { namespace } of [key('any'), otherKey('any')]) {
    const page = await remote.list({ namespace })()
    if (E.isLeft(page)) continue
    for (const { id } of page.right.entries) await remote.delete({ namespace, id })()
  }
}

export const put = async (remote: Remote, key: BlobKey, body: Uint8Array<ArrayBuffer>): Promise<void> =>
  expectRight(await remote.put(key, { sizeBytes: body.length, body })(), `put of ${key.id}`)

export const get = async (remote: Remote, key: BlobKey): Promise<Download> =>
  expectRight(await remote.get(key)(), `get of ${key.id}`)

const PAGES_MAX = 1000

export const wholeList = async (remote: Remote, { namespace }: BlobKey): Promise<Page> => {
  let whole: Page = expectRight(await remote.list({ namespace })(), 'list')
  for (let pages = 1; whole.next !== null; pages++) {
    expectTrue(pages < PAGES_MAX, `the list of a small namespace ends within ${PAGES_MAX} pages`)
    const page: Page = expectRight(await remote.list({ namespace, cursor: whole.next })(), 'list of a later page')
    whole = {
      entries: [...whole.entries, ...page.entries],
      tombstones: [...whole.tombstones, ...page.tombstones],
      corrupt: [...whole.corrupt, ...page.corrupt],
      next: page.next,
    }
  }
  return whole
}

export const idOf = ({ id }: Entry): BlobId => id

/** Bytes that look like nothing, the same for the same length and seed. */
export const payload = (sizeBytes: number, seed = 0): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(sizeBytes)
  let state = sizeBytes + 1 + Math.imul(seed, 69_621)
  for (let place = 0; place < sizeBytes; place++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[place] = state >>> 24
  }
  return bytes
}

export const tagOf = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes.subarray(-16)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')

export const bytesOf = async ({ body }: Download): Promise<Uint8Array> => new Uint8Array(await new Response(body).arrayBuffer())
