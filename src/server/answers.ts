import * as E from 'fp-ts/Either'
import { EACH_TYPE } from '../model/wire'
import type { Denied } from './auth'
import type { StoredBytes } from './backend'
import type { Refusal } from './refusal'

/** The media type that asks for, and marks, a list with sizes and tags. */
export const LIST_TYPE = 'application/vnd.blobsync.list+json'

const everywhere = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** As Soledad sends all but the bytes of one blob. */
const chunked = { ...everywhere, 'transfer-encoding': 'chunked' }

type Headers = Readonly<Record<string, string>>

export const empty = (status = 200, headers: Headers = {}): Response =>
  new Response(null, { status, headers: { ...chunked, ...headers } })

export const text = (status: number, body: string, headers: Headers = {}): Response =>
  new Response(body, { status, headers: { ...chunked, 'content-type': 'text/plain; charset=utf-8', ...headers } })

export const json = (value: unknown, headers: Headers = {}): Response =>
  new Response(JSON.stringify(value), {
    headers: { ...chunked, 'content-type': 'application/json', vary: 'Accept', ...headers },
  })

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>

export const blob = ({ sizeBytes, tag }: StoredBytes, body: Body): Response =>
  new Response(body, { headers: { ...bytes, 'content-length': String(sizeBytes), etag: etagOf(tag), tag } })

/** The tag as RFC 9110 wants it: other bytes under the same id have another. */
export const etagOf = (tag: string): string => `"${tag}"`

/** Part of a blob; its tag is the whole blob's. An exclusive range is told as it was asked for, and says so. */
export const part = ({ sizeBytes, tag, span: { from, to } }: StoredBytes, isExclusive: boolean, body: Body): Response =>
  new Response(body, {
    status: 206,
    headers: {
      ...bytes,
      'content-length': String(to - from),
      'content-range': `bytes ${from}-${isExclusive ? to : to - 1}/${sizeBytes}`,
      ...(isExclusive ? { 'blob-range': 'exclusive' } : {}),
      etag: etagOf(tag),
      tag,
    },
  })

/** Any number of blobs; each piece of the body becomes an HTTP chunk of its own. */
export const stream = (body: ReadableStream<Uint8Array<ArrayBuffer>>): Response =>
  new Response(body, { headers: { ...chunked, ...bytes, vary: 'Accept' } })

/** As `stream`, for who can read of blobs that are not there. */
export const streamOfEach = (body: ReadableStream<Uint8Array<ArrayBuffer>>): Response =>
  new Response(body, { headers: { ...chunked, 'content-type': EACH_TYPE, vary: 'Accept' } })

/** Null for each blob that was stored; for any other, what it would have been answered alone. */
export const each = (stored: readonly E.Either<Refusal, void>[]): Response =>
  json(
    stored.map((one) => {
      if (E.isRight(one)) return null
      const [status, text] = wordsOf(one.left)
      return { status, text }
    }),
    { 'content-type': EACH_TYPE },
  )

/** What the server of tus answers, without its own word on origins. With each byte an upload expires later. */
export const tus = ({ status, headers: theirs, body }: Response, expiresMs: number): Response => {
  const headers = new Headers(theirs)
  for (const name of theirs.keys()) if (name.startsWith('access-control-')) headers.delete(name)
  // It would close the connection in the face of who is still sending, and the answer with it.
  headers.delete('connection')
  if (status !== 204 && !headers.has('content-length')) headers.set('content-length', '0')
  for (const [name, value] of Object.entries(everywhere)) headers.set(name, value)
  if (headers.has('upload-expires')) headers.set('upload-expires', new Date(Date.now() + expiresMs).toUTCString())
  return new Response(body, { status, headers })
}

const bytes = { ...everywhere, 'content-type': 'application/octet-stream' }

/** What a service is told when something unexpected happened. */
export const failed = (): Response => text(500, '{"success": false}', { 'content-type': 'application/json' })

/** What Soledad answers, word for word where it has words. */
export const refused = (refusal: Refusal): Response =>
  refusal._tag === 'OutOfRange' ? empty(416, { 'content-range': `bytes */${refusal.sizeBytes}` }) : text(...wordsOf(refusal))

const wordsOf = (refusal: Refusal): [status: number, text: string] => {
  switch (refusal._tag) {
    case 'Missing':
      return [404, `Blob doesn't exist: ${refusal.id}`]
    case 'Exists':
      return [409, `Blob already exists: ${refusal.id}`]
    case 'Misnamed':
      return [400, `The blob does not bear its id: ${refusal.id}`]
    case 'Nameless':
      return [400, refusal.message]
    case 'OutOfRange':
      return [416, `The blob has ${refusal.sizeBytes} bytes.`]
    case 'QuotaExceeded':
      return [507, 'Quota Exceeded!']
    case 'DiskFull':
      return [507, 'Insufficient storage']
    case 'TooLarge':
      return [413, 'This is larger than the server takes.']
    case 'TooShort':
      return [400, 'A blob has at least 16 bytes.']
    case 'Incomplete':
      return [400, 'The body is not as long as announced.']
  }
}

/** An anonymous request is not told what there is; the other wrong ones are told to authenticate. */
export const denied = (why: Denied): Response => {
  switch (why) {
    case 'anonymous':
      return text(404, 'Not found')
    case 'scheme':
      return unauthorized()
    case 'token':
      return unauthorized({ 'www-authenticate': 'token' })
  }
}

/** Also for every path and method that the API does not have. */
export const unauthorized = (headers: Headers = {}): Response =>
  text(401, 'Unauthorized', { 'content-type': 'text/html', ...headers })
