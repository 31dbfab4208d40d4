import { combined, digestOf, digestText, nothing, partsOf, rangeOf } from '../../src/model/digest'
import type { BlobId } from '../../src/model/ids'
import { encodeTag } from '../../src/remote/encode-tag'
import type { PromiseRemote } from '../../src/remote/promises'

/** A complete remote in Promises, as an author without fp-ts would begin it. */
export const mapRemote = (): PromiseRemote => {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>()
  const tombstones = new Set<string>()
  const flags = new Map<string, readonly string[]>()
  const sessions = new Map<string, { readonly key: string; readonly bytes: Uint8Array<ArrayBuffer>; arrived: number }>()
  const log: { readonly key: string; readonly isDeleted: boolean }[] = []
  let wake = () => {}
  const note = (key: string, isDeleted = false) => {
    log.push({ key, isDeleted })
    wake()
  }
  const stateOf = (namespace: string, cursor: string, limit = 100) => {
    const [name, after = ''] = cursor.split('@')
    if (name !== namespace || !/^\d+$/.test(after)) return null
    const found = log.slice(Number(after), Number(after) + limit)
    const inside = found.filter(({ key }) => key.startsWith(`${namespace}/`))
    const end = Number(after) + found.length
    return {
      entries: idsIn(new Set(inside.map(({ key }) => key).filter((key) => blobs.has(key))), namespace),
      tombstones: idsIn(new Set(inside.filter(({ isDeleted }) => isDeleted).map(({ key }) => key)), namespace),
      cursor: `${namespace}@${end}`,
      hasMore: end < log.length,
    }
  }
  const idsIn = (keys: Iterable<string>, namespace: string) =>
    [...keys].filter((key) => key.startsWith(`${namespace}/`)).map((key) => key.slice(namespace.length + 1))

  return {
    supports: { ranges: true },
    list: async ({ namespace }) => ({
      entries: idsIn(blobs.keys(), namespace),
      tombstones: idsIn(tombstones, namespace),
      feed: `${namespace}@${log.length}`,
    }),
    put: async ({ namespace, id }, { body, sizeBytes, signal, onProgress }) => {
      const bytes = new Uint8Array(await new Response(body).arrayBuffer())
      if (signal?.aborted === true) return
      if (bytes.length !== sizeBytes) throw new Error('The body is shorter than announced.')
      if (blobs.has(`${namespace}/${id}`)) throw { failure: { _tag: 'Exists', message: `There is a ${id} already.` } }
      blobs.set(`${namespace}/${id}`, bytes)
      note(`${namespace}/${id}`)
      onProgress?.(sizeBytes)
    },
    get: async ({ namespace, id }, { from }) => {
      const bytes = blobs.get(`${namespace}/${id}`)
      const fromByte = from?.sizeBytes === bytes?.length ? (from?.byte ?? 0) : 0
      return bytes && { fromByte, sizeBytes: bytes.length, tag: null, body: bytes.slice(fromByte) }
    },
    stat: async ({ namespace, id }) => {
      const bytes = blobs.get(`${namespace}/${id}`)
      return bytes && { sizeBytes: bytes.length, tag: null }
    },
    delete: async ({ namespace, id }) => {
      if (!blobs.delete(`${namespace}/${id}`)) return false
      tombstones.add(`${namespace}/${id}`)
      note(`${namespace}/${id}`, true)
      flags.delete(`${namespace}/${id}`)
      return true
    },
    changes: {
      read: async ({ since, limit, waitMs = 0, signal }) => {
        const pages = () => since.map(({ namespace, cursor }) => stateOf(namespace, cursor, limit))
        const isNothing = () => pages().every((page) => page !== null && page.entries.length + page.tombstones.length === 0)
        while (waitMs > 0 && isNothing() && signal?.aborted !== true) await new Promise<void>((resolve) => (wake = resolve))
        return pages()
      },
      digest: async (namespace, range) => {
        const inside = idsIn(blobs.keys(), namespace).filter((id) => rangeOf(id as BlobId).startsWith(range))
        const told = (within: string) => {
          const all = inside
            .filter((id) => rangeOf(id as BlobId).startsWith(within))
            .reduce((sum, id) => combined(sum, digestOf(id as BlobId, encodeTag(blobs.get(`${namespace}/${id}`)!)!)), nothing)
          return { blobs: all.blobs, digest: digestText(all) }
        }
        const cursor = `${namespace}@${log.length}`
        return range.length === 3
          ? { ...told(range), cursor, entries: inside }
          : { ...told(range), cursor, parts: partsOf(range).map(told) }
      },
    },
    flags: {
      list: async ({ namespace, flag, order }) => {
        const ids = idsIn(blobs.keys(), namespace).filter((id) => flags.get(`${namespace}/${id}`)?.includes(flag))
        return order === 'oldest' ? ids : ids.toReversed()
      },
      get: async ({ namespace, id }) => (blobs.has(`${namespace}/${id}`) ? (flags.get(`${namespace}/${id}`) ?? []) : undefined),
      set: async ({ namespace, id }, replacement) => {
        if (!blobs.has(`${namespace}/${id}`)) return false
        flags.set(`${namespace}/${id}`, replacement)
        return true
      },
    },
    resumable: {
      create: async ({ namespace, id }, { sizeBytes }) => {
        if (blobs.has(`${namespace}/${id}`)) throw { failure: { _tag: 'Exists', message: `There is a ${id} already.` } }
        const session = crypto.randomUUID()
        sessions.set(session, { key: `${namespace}/${id}`, bytes: new Uint8Array(sizeBytes), arrived: 0 })
        return session
      },
      offset: async (session) => sessions.get(session)?.arrived,
      append: async (session, { at, bytes }) => {
        const upload = sessions.get(session)
        if (!upload || upload.arrived !== at) return upload?.arrived
        upload.bytes.set(bytes, at)
        upload.arrived += bytes.length
        if (upload.arrived < upload.bytes.length) return upload.arrived
        sessions.delete(session)
        if (blobs.has(upload.key)) throw { failure: { _tag: 'Exists', message: 'It came meanwhile.' } }
        blobs.set(upload.key, upload.bytes)
        note(upload.key)
        return upload.arrived
      },
      end: async (session) => {
        sessions.delete(session)
      },
    },
    batches: {
      put: async (namespace, added) => {
        const taken = added.find(({ id }) => blobs.has(`${namespace}/${id}`))
        if (taken) throw { failure: { _tag: 'Exists', message: `There is a ${taken.id} already.` } }
        for (const { id, bytes } of added) {
          blobs.set(`${namespace}/${id}`, bytes.slice())
          note(`${namespace}/${id}`)
        }
      },
      get: async (namespace, ids) =>
        ids.map((id) => {
          const bytes = blobs.get(`${namespace}/${id}`)
          return bytes && { bytes, tag: null }
        }),
    },
  }
}
