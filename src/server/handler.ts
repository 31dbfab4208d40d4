import { version } from '../../package.json'
import * as answers from './answers'
import type { Api } from './asked'
import type { Authenticate } from './auth'
import type { ServerBackend } from './backend'
import { addBlobRoutes } from './blob-routes'
import { WAIT_MS_MAX } from './change-routes'
import { emptyApp, handlerOf, type Log } from './exchange'
import { addFlagRoutes } from './flag-routes'
import { BLOB_BYTES_MAX } from './limits'
import { addListRoutes } from './list-routes'
import { allowingOrigins } from './origins'
import { addStreamRoutes } from './stream-routes'
import { addUploadRoutes } from './upload-routes'

export interface HandlerOptions {
  readonly backend: ServerBackend
  readonly authenticate: Authenticate
  /** The most that one user's live blobs may have together, in bytes. @default unlimited */
  readonly quotaBytes?: number
  /** Whether nobody else can see the bodies of requests: then the memory of parts is given back as they are written. @default false */
  readonly ownsBodies?: boolean
  /** The largest blob that is taken, in bytes. @default 1 TiB */
  readonly blobBytesMax?: number
  /** Web apps that may use it from a browser, as `https://app.example.org`. @default none */
  readonly origins?: readonly string[]
  /** The longest that a request for changes waits for one, in milliseconds. @default 30000 */
  readonly waitMsMax?: number
  /** Fires when the server closes: then nobody waits any longer. */
  readonly closing?: AbortSignal
  readonly log?: Log
}

/** What Soledad does not promise: an uploaded stream is stored whole or not at all, and ranges are RFC 9110's where they look like it. */
const POWERS = { 'blob-streams': 'atomic', 'blob-ranges': 'bytes' }

/**
 * Soledad's blobs API as a fetch handler: lists, counts, what has changed, blobs and parts of them, flags, streams, uploads in parts by tus, and the server's info.
 *
 * With `Accept: application/vnd.blobsync.list+json` a list of blobs is an array of `{ id, size, tag }`, otherwise of ids.
 *
 * @throws {TypeError} for an origin that is none.
 */
export const blobHandler = (options: HandlerOptions): ((request: Request) => Promise<Response>) => {
  const {
    backend,
    authenticate,
    quotaBytes = Number.POSITIVE_INFINITY,
    blobBytesMax = BLOB_BYTES_MAX,
    ownsBodies = false,
  } = options
  const api: Api = { backend, authenticate, quotaBytes, blobBytesMax, ownsBodies }
  const app = emptyApp(() => answers.empty(500))
  addListRoutes(app, api, { waitMsMax: options.waitMsMax ?? WAIT_MS_MAX, closing: options.closing })
  addBlobRoutes(app, api)
  addFlagRoutes(app, api)
  addStreamRoutes(app, api)
  if (backend.parts !== undefined) addUploadRoutes(app, api, backend.parts)
  const powers = {
    ...POWERS,
    ...(backend.parts === undefined ? {} : { 'blob-uploads': 'tus' }),
    ...(backend.changes === undefined ? {} : { 'blob-changes': 'feed' }),
  }
  app.get('/', () => answers.json({ blobs: true, version }, powers))
  app.get('/robots.txt', () => answers.text(200, 'User-agent: *\nDisallow: /\n'))
  return allowingOrigins(options.origins ?? [], handlerOf(app, options.log))
}
