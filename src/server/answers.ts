import type { Denied } from './auth'
import type { Refusal, Stored } from './backend'

/** The media type that asks for, and marks, a list with sizes and tags. */
export const LIST_TYPE = 'application/vnd.blobsync.list+json'

const everywhere = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

export const empty = (status = 200): Response => new Response(null, { status, headers: everywhere })

export const text = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(body, { status, headers: { ...everywhere, 'content-type': 'text/plain; charset=utf-8', ...headers } })

export const json = (value: unknown, type = 'application/json'): Response =>
  new Response(JSON.stringify(value), { headers: { ...everywhere, 'content-type': type, vary: 'Accept' } })

/** The head of a blob's answer, with its bytes or, for HEAD, without. */
export const blob = (
  { sizeBytes, tag }: Pick<Stored, 'sizeBytes' | 'tag'>,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null,
): Response =>
  new Response(body, {
    headers: { ...everywhere, 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes), tag },
  })

/** What Soledad answers, word for word where it has words. */
export const refused = ({ _tag }: Refusal, id: string): Response => {
  switch (_tag) {
    case 'Missing':
      return text(404, `Blob doesn't exist: ${id}`)
    case 'Exists':
      return text(409, `Blob already exists: ${id}`)
    case 'QuotaExceeded':
      return text(507, 'Quota Exceeded!')
    case 'DiskFull':
      return text(507, 'Insufficient storage')
    case 'TooLarge':
      return text(413, 'The blob is too large.')
    case 'TooShort':
      return text(400, 'A blob has at least 16 bytes.')
    case 'Incomplete':
      return text(400, 'The body is not as long as announced.')
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
      return text(401, 'Unauthorized', { 'www-authenticate': 'token' })
  }
}

export const unauthorized = (): Response => text(401, 'Unauthorized')
