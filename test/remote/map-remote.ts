import type { PromiseRemote } from '../../src/remote/promises'

/** A complete remote in Promises, as an author without fp-ts would begin it. */
export const mapRemote = (): PromiseRemote => {
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>()
  const tombstones = new Set<string>()
  const flags = new Map<string, readonly string[]>()
  const sessions = new Map<string, { readonly key: string; readonly bytes: Uint8Array<ArrayBuffer>; arrived: number }>()
  const idsIn = (keys: Iterable<string>, namespace: string) =>
    [...keys].filter((key) => key.startsWith(`${namespace}/`)).map((key) => key.slice(namespace.length + 1))

  return {
    supports: { ranges: true },
    list: async ({ namespace }) => ({ entries: idsIn(blobs.keys(), namespace), tombstones: idsIn(tombstones, namespace) }),
    put: async ({ namespace, id }, { body, sizeBytes, signal, onProgress }) => {
      const bytes = new Uint8Array(await new Response(body).arrayBuffer())
      if (signal?.aborted === true) return
      if (bytes.length !== sizeBytes) throw new Error('The body is shorter than announced.')
      if (blobs.has(`${namespace}/${id}`)) throw { failure: { _tag: 'Exists', message: `There is a ${id} already.` } }
      blobs.set(`${namespace}/${id}`, bytes)
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
      flags.delete(`${namespace}/${id}`)
      return true
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
        for (const { id, bytes } of added) blobs.set(`${namespace}/${id}`, bytes.slice())
      },
      get: async (namespace, ids) =>
        ids.map((id) => {
          const bytes = blobs.get(`${namespace}/${id}`)
          return bytes && { bytes, tag: null }
        }),
    },
  }
}
