type Handler = (request: Request) => Promise<Response>

/**
 * Lets web apps of these origins use the API from a browser (CORS). Without an origin nothing changes; an app of any other one is answered as
 * ever, and its browser keeps the answer from it. No cookies are taken: who asks says so by their token.
 *
 * @throws {TypeError} for an origin that is none, `*` and `null` included.
 */
export const allowingOrigins = (origins: readonly string[], handle: Handler): Handler => {
  const wrong = origins.find((origin) => !isOrigin(origin))
  if (wrong !== undefined) throw new TypeError(`“${wrong}” is no origin, as https://app.example.org is one.`)
  if (origins.length === 0) return handle
  const allowed = new Set(origins)

  return async (request) => {
    const origin = request.headers.get('origin') ?? ''
    const isAllowed = allowed.has(origin)
    const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
    const response = isAllowed && isPreflight ? new Response(null, { status: 204, headers: preflight }) : await handle(request)
    // Also of those that are not allowed: a cache between must not give one's answer to another.
    response.headers.append('vary', 'Origin')
    if (!isAllowed) return response
    response.headers.set('access-control-allow-origin', origin)
    response.headers.set('access-control-expose-headers', EXPOSED)
    return response
  }
}

/** Whether a text is the origin of web pages exactly as browsers write it: scheme, host and port, without a path. */
export const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text)

/** What `httpRemote` and clients of tus read of an answer. */
const EXPOSED = [
  'Blob-Changes, Blob-Cursor, Blob-Range, Blob-Ranges, Blob-Streams, Blob-Uploads, Content-Encoding, Content-Length, Content-Range, ETag, Location, Retry-After',
  'Tag, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset',
].join(', ')

const preflight = {
  'access-control-allow-methods': 'GET, HEAD, PUT, POST, PATCH, DELETE',
  'access-control-allow-headers':
    'Accept, Authorization, Content-Type, If-Range, Range, Tag, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset',
  // As long as browsers keep it at most.
  'access-control-max-age': '86400',
  'cache-control': 'no-store',
}
