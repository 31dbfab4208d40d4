import { concatenated, type Bytes } from '../model/bytes'
import { BlobId } from '../model/ids'
import { Flag } from '../model/wire'

/** What a small server holds, each by `user/namespace/id`; blobs in the order of their time. */
export interface Held {
  readonly blobs: Map<string, Bytes>
  readonly tombstones: Set<string>
  readonly flags: Map<string, readonly string[]>
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Bytes
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Bytes
}

/** Answers as Soledad’s API is specified; whoever asks may do all. */
export const soledadAnswer = (held: Held, asked: Asked): Answered => {
  const { method, path, query } = asked
  const [, word = '', user = '', id = ''] = path.split('/')
  const place = `${user}/${query.get('namespace') || 'default'}/`
  if (path === '/') return json({ blobs: true, version: 'test' }, { 'Blob-Streams': 'atomic' })
  if (word === 'stream' && method === 'POST') return streamAnswer(held, place, asked)
  if (word !== 'blobs') return text(401, 'Unauthorized')
  return id === '' ? listAnswer(held, place, query) : blobAnswer(held, place, id, asked)
}

export const blobOf = (bytes: Bytes): Answered => ({ status: 200, headers: { Tag: tagOf(bytes) }, body: bytes })

export const text = (status: number, words: string): Answered => ({
  status,
  headers: {},
  body: new TextEncoder().encode(words),
})

const json = (message: unknown, headers: Readonly<Record<string, string>> = {}): Answered => ({
  ...text(200, JSON.stringify(message)),
  headers,
})

const missing = (id: string) => text(404, `Blob doesn't exist: ${id}`)

const listAnswer = ({ blobs, tombstones, flags }: Held, place: string, query: URLSearchParams): Answered => {
  const flag = query.get('filter_flag')
  const idsOf = (keys: Iterable<string>) => [...keys].filter((key) => key.startsWith(place)).map((key) => key.slice(place.length))
  if (query.get('only_count')) return json({ count: idsOf(blobs.keys()).length })
  const listed = idsOf(query.get('deleted') ? tombstones : blobs.keys())
  const ids = flag ? listed.filter((id) => flags.get(place + id)?.includes(flag)) : listed
  switch (query.get('order_by')) {
    case null:
    case '+date':
    case 'date':
      return json(ids)
    case '-date':
      return json(ids.toReversed())
    default:
      return text(400, 'Unknown order')
  }
}

const blobAnswer = (held: Held, place: string, id: string, { method, query, body }: Asked): Answered => {
  const key = place + id
  const bytes = held.blobs.get(key)
  if (method === 'PUT') {
    if (bytes !== undefined) return text(409, `Blob already exists: ${id}`)
    held.blobs.set(key, body)
    return text(200, '')
  }
  if (bytes === undefined) return missing(id)
  switch (method) {
    case 'GET':
      return query.get('only_flags') ? json(held.flags.get(key) ?? []) : blobOf(bytes)
    case 'POST':
      return setFlags(held, key, messageIn(body))
    case 'DELETE':
      held.blobs.delete(key)
      held.flags.delete(key)
      held.tombstones.add(key)
      return text(200, '')
    default:
      return text(401, 'Unauthorized')
  }
}

const setFlags = ({ flags }: Held, key: string, message: unknown): Answered => {
  if (!isTexts(message)) return text(400, 'Not a list of flags')
  const bad = message.find((flag) => !Flag.is(flag))
  if (bad !== undefined) return text(406, `Invalid flag: ${bad}`)
  flags.set(key, message)
  return text(200, '')
}

const streamAnswer = (held: Held, place: string, { query, body }: Asked): Answered => {
  switch (query.get('direction')) {
    case 'download':
      return framesFor(held, place, messageIn(body))
    case 'upload':
      return storeFrames(held, place, body)
    default:
      return text(500, 'error, supported direction values are download/upload')
  }
}

const framesFor = ({ blobs }: Held, place: string, ids: unknown): Answered => {
  if (!isTexts(ids)) return text(400, 'Not a list of ids')
  const frames: Bytes[] = []
  for (const id of ids) {
    const bytes = blobs.get(place + id)
    if (bytes === undefined) return missing(id)
    frames.push(frameOf(bytes))
  }
  return { status: 200, headers: {}, body: concatenated(...frames) }
}

/** A blob as a download stream brings it. */
export const frameOf = (bytes: Bytes): Bytes =>
  concatenated(new TextEncoder().encode(`${bytes.length.toString(16).padStart(8, '0')}${tagOf(bytes)} `), bytes)

const storeFrames = ({ blobs }: Held, place: string, body: Bytes): Answered => {
  const lineEnd = body.indexOf(10)
  const announced = messageIn(body.subarray(0, lineEnd))
  if (lineEnd < 0 || !isAnnouncement(announced)) return text(400, 'Not a list of ids and sizes')
  if (new Set(announced.map(([id]) => id)).size < announced.length) return text(400, 'An id comes twice')
  const taken = announced.find(([id]) => blobs.has(place + id))
  if (taken !== undefined) return text(409, `Blob already exists: ${taken[0]}`)
  if (announced.reduce((sum, [, size]) => sum + size, lineEnd + 1) !== body.length) return text(400, 'Not the size announced')
  let position = lineEnd + 1
  for (const [id, size] of announced) blobs.set(place + id, body.slice(position, (position += size)))
  return text(200, '')
}

const messageIn = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

const isTexts = (message: unknown): message is readonly string[] =>
  Array.isArray(message) && message.every((item) => typeof item === 'string')

const isAnnouncement = (message: unknown): message is readonly (readonly [string, number])[] =>
  Array.isArray(message) &&
  message.every((item) => Array.isArray(item) && BlobId.is(item[0]) && Number.isSafeInteger(item[1]) && item[1] >= 0)

const tagOf = (blob: Uint8Array): string =>
  Buffer.from(blob.subarray(-16)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
