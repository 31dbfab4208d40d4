import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { protocolFeed } from './protocol-feed'

// Another implementation, made from docs/protocol.md and with nothing of ours. In memory, for one user.

interface Blob {
  readonly bytes: Buffer
  flags: string[]
}
interface Upload {
  readonly namespace: string
  readonly id: string
  readonly sizeBytes: number
  bytes: Buffer
}
interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
}

const NAME = /^[A-Za-z0-9_-]{1,254}$/
const FLAGS = ['PENDING', 'PROCESSING', 'PROCESSED', 'FAILED']
const LIST_TYPE = 'application/vnd.blobsync.list+json'

const tagOf = (bytes: Buffer) => `${bytes.subarray(-16).toString('base64url')}==`
const says = (status: number, body = ''): Answer => ({ status, body })
const json = (value: unknown, type = 'application/json'): Answer => ({
  status: 200,
  headers: { 'content-type': type },
  body: JSON.stringify(value),
})

export const protocolServer = async (user: string, token: string) => {
  const live = new Map<string, Map<string, Blob>>()
  const deleted = new Map<string, Set<string>>()
  const uploads = new Map<string, Upload>()
  const blobsIn = (namespace: string) => live.get(namespace) ?? new Map<string, Blob>()
  const feeds = new Map<string, ReturnType<typeof protocolFeed>>()
  const feedOf = (namespace: string) => {
    const listed = () => Array.from(blobsIn(namespace), ([id, { bytes }]) => ({ id, size: bytes.length, tag: tagOf(bytes) }))
    const feed = feeds.get(namespace) ?? protocolFeed(namespace, listed)
    feeds.set(namespace, feed)
    return feed
  }
  const store = (namespace: string, id: string, bytes: Buffer) => {
    live.set(namespace, blobsIn(namespace).set(id, { bytes, flags: [] }))
    feedOf(namespace).note(id, false)
  }

  const put = (namespace: string, id: string, bytes: Buffer): Answer => {
    if (bytes.length < 16) return says(400, 'A blob has at least 16 bytes.')
    if (blobsIn(namespace).has(id)) return says(409, `Blob already exists: ${id}`)
    store(namespace, id, bytes)
    return says(200)
  }

  const get = ({ bytes }: Blob, { range, 'if-range': ifRange }: IncomingMessage['headers']): Answer => {
    const size = bytes.length
    const headers = { tag: tagOf(bytes), etag: `"${tagOf(bytes)}"` }
    if (range === undefined || (ifRange !== undefined && ifRange !== headers.etag)) return { status: 200, headers, body: bytes }
    const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
    const isExclusive = first !== '' && last !== ''
    const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
    const to = isExclusive ? Number(last) : size
    if (first + last === '' || from > to || to > size || (from === size && !isExclusive))
      return { status: 416, headers: { 'content-range': `bytes */${size}` } }
    const told = `bytes ${from}-${isExclusive ? to : to - 1}/${size}`
    const exclusive = isExclusive ? { 'blob-range': 'exclusive' } : {}
    return { status: 206, headers: { ...headers, ...exclusive, 'content-range': told }, body: bytes.subarray(from, to) }
  }

  const list = (query: URLSearchParams, accept = ''): Answer => {
    const namespace = query.get('namespace') || 'default'
    if (query.get('deleted')) return json([...(deleted.get(namespace) ?? [])])
    const blobs = [...blobsIn(namespace)]
    if (query.get('only_count')) return json({ count: blobs.length })
    const range = query.get('digest')
    if (range !== null) return json(feedOf(namespace).digest(range))
    const flag = query.get('filter_flag')
    const chosen = blobs.filter(([, { flags }]) => flag === null || flags.includes(flag))
    const order = query.get('order_by')
    // A map keeps the order of time.
    const ordered =
      order === null ? chosen.toSorted(([a], [b]) => (a < b ? -1 : 1)) : order === '-date' ? chosen.toReversed() : chosen
    const answer = accept.includes(LIST_TYPE)
      ? json(
          ordered.map(([id, { bytes }]) => ({ id, size: bytes.length, tag: tagOf(bytes) })),
          LIST_TYPE,
        )
      : json(ordered.map(([id]) => id))
    return { ...answer, headers: { ...answer.headers, 'blob-cursor': feedOf(namespace).cursor() } }
  }

  const changes = async (query: URLSearchParams): Promise<Answer> => {
    const cursors = query.getAll('changes')
    const names = query.getAll('namespace').map((name) => name || 'default')
    const asked = cursors.map((cursor, at) => ({ cursor, feed: feedOf(names[at] ?? 'default') }))
    const pages = () => asked.map(({ cursor, feed }) => feed.page(cursor, Number(query.get('limit') ?? 100)))
    const seconds = Number(query.get('wait') ?? 0)
    if (seconds > 0 && pages().every((page) => page.changes?.length === 0))
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000).unref()
        for (const { feed } of asked) feed.waiting.add(() => (clearTimeout(timer), resolve()))
      })
    return json(pages())
  }

  const blob = (
    method: string,
    id: string,
    query: URLSearchParams,
    headers: IncomingMessage['headers'],
    body: Buffer,
  ): Answer => {
    const namespace = query.get('namespace') || 'default'
    if (!NAME.test(id) || !NAME.test(namespace)) return says(400, 'This is no name.')
    if (method === 'PUT') return put(namespace, id, body)
    const found = blobsIn(namespace).get(id)
    if (found === undefined) return says(404, `Blob doesn't exist: ${id}`)
    if (method === 'GET') return query.get('only_flags') ? json(found.flags) : get(found, headers)
    if (method === 'POST') {
      const flags: string[] = JSON.parse(body.toString())
      if (!flags.every((flag) => FLAGS.includes(flag))) return says(406)
      found.flags = flags
    } else {
      blobsIn(namespace).delete(id)
      deleted.set(namespace, (deleted.get(namespace) ?? new Set()).add(id))
      feedOf(namespace).note(id, true)
    }
    return says(200)
  }

  const stream = (query: URLSearchParams, body: Buffer): Answer => {
    const namespace = query.get('namespace') || 'default'
    if (query.get('direction') === 'download') {
      const ids: string[] = JSON.parse(body.toString())
      const found = ids.map((id) => blobsIn(namespace).get(id)?.bytes)
      const missing = ids.find((id) => !blobsIn(namespace).has(id))
      if (missing !== undefined) return says(404, `Blob doesn't exist: ${missing}`)
      const frames = found.flatMap((bytes = Buffer.of()) => [
        Buffer.from(`${bytes.length.toString(16).padStart(8, '0')}${tagOf(bytes)} `),
        bytes,
      ])
      return { status: 200, body: Buffer.concat(frames) }
    }
    const end = body.indexOf('\n')
    const announced: [string, number][] = JSON.parse(body.subarray(0, end).toString())
    const taken = announced.find(([id], n) => blobsIn(namespace).has(id) || announced.findIndex(([other]) => other === id) < n)
    if (taken !== undefined) return says(409, `Blob already exists: ${taken[0]}`)
    if (end + 1 + announced.reduce((sum, [, size]) => sum + size, 0) > body.length) return says(400)
    let at = end + 1
    for (const [id, size] of announced) store(namespace, id, Buffer.from(body.subarray(at, (at += size))))
    return says(200)
  }

  const tus = { 'tus-resumable': '1.0.0' }
  const create = (headers: IncomingMessage['headers']): Answer => {
    const pairs = String(headers['upload-metadata'])
      .split(',')
      .map((pair) => pair.split(' '))
    const value = (name: string) => Buffer.from(pairs.find(([key]) => key === name)?.[1] ?? '', 'base64').toString()
    const [namespace, id] = [value('namespace') || 'default', value('id')]
    if (!NAME.test(id) || !NAME.test(namespace)) return says(400)
    if (blobsIn(namespace).has(id)) return says(409, `Blob already exists: ${id}`)
    const upload = randomUUID()
    uploads.set(upload, { namespace, id, sizeBytes: Number(headers['upload-length']), bytes: Buffer.of() })
    const expires = new Date(Date.now() + 86_400_000).toUTCString()
    return { status: 201, headers: { ...tus, location: `/uploads/${user}/${upload}`, 'upload-expires': expires } }
  }

  const part = (method: string, name: string, headers: IncomingMessage['headers'], body: Buffer): Answer => {
    const upload = uploads.get(name)
    if (upload === undefined) return says(404)
    const told = () => ({ ...tus, 'upload-offset': String(upload.bytes.length), 'upload-length': String(upload.sizeBytes) })
    if (method === 'DELETE') {
      uploads.delete(name)
      return { status: 204, headers: tus }
    }
    if (method === 'HEAD') return { status: 200, headers: told() }
    if (Number(headers['upload-offset']) !== upload.bytes.length) return says(409, 'Upload-Offset conflict')
    if (upload.bytes.length + body.length > upload.sizeBytes) return says(413)
    upload.bytes = Buffer.concat([upload.bytes, body])
    if (upload.bytes.length < upload.sizeBytes) return { status: 204, headers: told() }
    const stored = put(upload.namespace, upload.id, upload.bytes)
    if (stored.status === 200) return { status: 204, headers: told() }
    uploads.delete(name)
    return stored
  }

  const answerTo = ({ method = '', url = '', headers }: IncomingMessage, body: Buffer): Answer | Promise<Answer> => {
    const { pathname, searchParams } = new URL(url, 'http://host')
    if (pathname === '/') {
      const powers = { 'blob-streams': 'atomic', 'blob-ranges': 'bytes', 'blob-uploads': 'tus', 'blob-changes': 'feed' }
      return { ...json({ blobs: true, version: '1' }), headers: powers }
    }
    if (headers.authorization === undefined) return says(404)
    const [scheme = '', encoded = ''] = headers.authorization.split(' ')
    const [name, ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
    if (scheme.toLowerCase() !== 'token') return says(401)
    if (name !== user || rest.join(':') !== token) return { status: 401, headers: { 'www-authenticate': 'token' } }
    const [, kind, owner, id = ''] = pathname.split('/')
    if (owner !== user) return says(403)
    if (kind === 'blobs' && searchParams.has('changes')) return changes(searchParams)
    if (kind === 'blobs') return id === '' ? list(searchParams, headers.accept) : blob(method, id, searchParams, headers, body)
    if (kind === 'stream') return stream(searchParams, body)
    if (kind === 'uploads') return id === '' ? create(headers) : part(method, id, headers, body)
    return says(401)
  }

  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const { status, headers = {}, body = '' } = await answerTo(request, Buffer.concat(pieces))
    const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }
    response.writeHead(status, { 'cache-control': 'no-store', ...length, ...headers })
    response.end(body)
  }

  // A client that leaves has no answer.
  const server = createServer((request, response) => void listener(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
