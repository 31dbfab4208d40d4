import * as E from 'fp-ts/Either'
import { Hono, type Context } from 'hono'
import { version } from '../../package.json'
import { blobKey } from '../model/ids'
import * as answers from './answers'
import { userOf, type Authenticate } from './auth'
import { refusal, User, type Order, type ServerBackend, type StoredBytes, type StoredKey } from './backend'
import { bodyOf, countedBody } from './body'

export interface HandlerOptions {
  readonly backend: ServerBackend
  readonly authenticate: Authenticate
  /** The most that one user's live blobs may have together, in bytes. @default unlimited */
  readonly quotaBytes?: number
  /** The largest body of a PUT, in bytes. @default 1 GiB + 753 */
  readonly blobBytesMax?: number
  /** Receives a line per request once it is over: method, path, status, bytes of the body in or out, milliseconds. Never a secret. */
  readonly log?: (line: string) => void
}

interface Exchange {
  /** Of the request's body, or of the answer's. */
  bytes: number
  /** True if the answer goes on after the handler returned it. */
  isStreaming: boolean
  error: unknown
  end: () => void
}

type Env = { Bindings: Exchange }

/**
 * Soledad's blobs API as a fetch handler: list, count, PUT, GET, HEAD and DELETE of blobs, and the server's info.
 *
 * With `Accept: application/vnd.blobsync.list+json` a list of blobs is an array of `{ id, size, tag }`, otherwise of ids.
 */
export const blobHandler = (options: HandlerOptions): ((request: Request) => Promise<Response>) => {
  const { backend } = options
  const blobBytesMax = options.blobBytesMax ?? 2 ** 30 + 753
  const quotaBytes = options.quotaBytes ?? Number.POSITIVE_INFINITY
  const app = new Hono<Env>({ strict: true })

  /** Who asks is settled first, then whether what is asked for can be a name at all: only then does the backend hear of it. */
  const keyOf = async (c: Context<Env>, id: string): Promise<E.Either<Response, StoredKey>> => {
    const who = await userOf(c.req.header('authorization'), options.authenticate)
    if (E.isLeft(who)) return E.left(answers.denied(who.left))
    const user = c.req.param('user')
    if (!User.is(user)) return E.left(answers.text(400, 'This is no user.'))
    if (user !== who.right) return E.left(answers.text(403, 'Forbidden'))
    const key = blobKey(id, c.req.query('namespace'))
    return E.isLeft(key) ? E.left(answers.text(400, key.left.message)) : E.right({ user, ...key.right })
  }

  const list = async (c: Context<Env>) => {
    const place = await keyOf(c, 'any')
    if (E.isLeft(place)) return place.left
    if (isTrue(c, 'only_count')) return answers.json({ count: await backend.count(place.right) })
    const order = orders.get(c.req.query('order_by') ?? '')
    if (order === undefined) return answers.text(400, 'order_by is date, +date or -date.')
    if (isTrue(c, 'filter_flag')) return answers.text(400, 'This server has no flags.')
    if (isTrue(c, 'deleted')) return answers.json(await backend.tombstones(place.right, order))
    const blobs = await backend.list(place.right, order)
    return c.req.header('accept')?.includes(answers.LIST_TYPE)
      ? answers.json(
          blobs.map(({ id, sizeBytes, tag }) => ({ id, size: sizeBytes, tag })),
          answers.LIST_TYPE,
        )
      : answers.json(blobs.map(({ id }) => id))
  }
  app.get('/blobs/:user', list)
  app.get('/blobs/:user/', list)

  app.get('/blobs/:user/:id', async (c) => {
    const key = await keyOf(c, c.req.param('id'))
    if (E.isLeft(key)) return key.left
    if (isTrue(c, 'only_flags')) return answers.text(400, 'This server has no flags.')
    if (c.req.method === 'HEAD') {
      const stored = await backend.stat(key.right)()
      return E.isLeft(stored) ? answers.refused(stored.left, key.right.id) : answers.blob(stored.right, null)
    }
    const stored = await backend.read(key.right)()
    return E.isLeft(stored)
      ? answers.refused(stored.left, key.right.id)
      : answers.blob(stored.right, tallied(stored.right, c.env))
  })

  app.put('/blobs/:user/:id', async (c) => {
    const key = await keyOf(c, c.req.param('id'))
    if (E.isLeft(key)) return key.left
    const announced = c.req.header('content-length') ?? ''
    const sizeBytes = /^\d+$/.test(announced) ? Number(announced) : null
    if (sizeBytes !== null && sizeBytes > blobBytesMax) return answers.refused(refusal('TooLarge'), key.right.id)
    const body = bodyOf(c.req.raw, sizeBytes, blobBytesMax, c.env)
    const stored = await backend.put(key.right, { sizeBytes, quotaBytes, body })()
    return E.isLeft(stored) ? answers.refused(stored.left, key.right.id) : answers.empty()
  })

  app.delete('/blobs/:user/:id', async (c) => {
    const key = await keyOf(c, c.req.param('id'))
    if (E.isLeft(key)) return key.left
    const gone = await backend.delete(key.right)()
    return E.isLeft(gone) ? answers.refused(gone.left, key.right.id) : answers.empty()
  })

  app.get('/', () => answers.json({ blobs: true, version }))
  app.get('/robots.txt', () => answers.text(200, 'User-agent: *\nDisallow: /\n'))
  app.notFound(() => answers.unauthorized())
  app.onError((error, c) => {
    c.env.error = error
    return answers.empty(500)
  })

  return async (request) => {
    const startedAtMs = performance.now()
    let status = 500
    const exchange: Exchange = {
      bytes: 0,
      isStreaming: false,
      error: undefined,
      end: () => {
        const path = new URL(request.url).pathname.slice(0, PATH_CHARACTERS_MAX)
        const ms = (performance.now() - startedAtMs).toFixed(1)
        options.log?.([request.method, path, status, exchange.bytes, ms, ...reasonOf(exchange.error)].join(' '))
      },
    }
    const response = await app.fetch(request, exchange)
    status = response.status
    if (!exchange.isStreaming) exchange.end()
    return response
  }
}

const PATH_CHARACTERS_MAX = 600

/** The first line of what went wrong, for the operator only. */
const reasonOf = (error: unknown) => (error instanceof Error ? [`${error.name}: ${error.message.split('\n', 1)[0] ?? ''}`] : [])

const tallied = ({ body }: StoredBytes, exchange: Exchange) => {
  if (body instanceof Uint8Array) {
    exchange.bytes = body.length
    return body
  }
  exchange.isStreaming = true
  return countedBody(body, (bytes) => {
    exchange.bytes = bytes
    exchange.end()
  })
}

const orders: ReadonlyMap<string, Order> = new Map([
  ['', 'id'],
  ['date', 'oldest'],
  ['+date', 'oldest'],
  ['-date', 'newest'],
])

/** Any value that is not blank is true, `False` and `0` too. */
const isTrue = (c: Context, name: string) => (c.req.query(name) ?? '') !== ''
