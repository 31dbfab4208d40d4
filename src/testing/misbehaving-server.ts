import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { blobOf, soledadAnswer, text, type Answered, type Held } from './soledad-answers'

/** One request as it arrived. */
export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Resolves when the exchange is over; true if the client hung up before the answer was complete. */
  readonly wasHungUp: Promise<boolean>
}

/** What the server does instead of what it should. */
export type Misbehaviour =
  /** Any answer, before the request's body is read. */
  | {
      readonly do: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Closes the connection, and says nothing. */
  | { readonly do: 'reset' }
  /** Answers as it should, and closes the connection after so many bytes of the body. */
  | { readonly do: 'cut'; readonly afterBytes: number }
  /** Says nothing, or nothing more after so many bytes of the body, and keeps the connection. */
  | { readonly do: 'silence'; readonly afterBytes?: number }
  /** Does what was asked, then closes the connection without an answer. */
  | { readonly do: 'loseAnswer' }
  /** The right bytes with another `Tag` header; null: with none. */
  | { readonly do: 'tag'; readonly tag: string | null }
  /** The right bytes with other headers. */
  | { readonly do: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** The first so many bytes as if they were all; the `Tag` header is the whole blob's. */
  | { readonly do: 'truncate'; readonly bytes: number }
  /** One bit changed in the byte at that place; counted from the end if negative. */
  | { readonly do: 'flip'; readonly at: number }
  /** Another blob of the same namespace, with its own tag. */
  | { readonly do: 'swap'; readonly id: string }
  /** A blob, or a list, that never ends. */
  | { readonly do: 'endless'; readonly part: string }

export interface MisbehavingServerOptions {
  /** Asked for each request in turn; undefined: behave. @default always behaves */
  readonly misbehave?: (request: SeenRequest) => Misbehaviour | undefined
}

/** What it holds may be changed by tests. */
export interface MisbehavingServer extends Held {
  /** The root, on loopback. */
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Connections accepted so far. */
  readonly connections: () => number
  readonly close: () => Promise<void>
}

/**
 * A small blobs server in memory, on a real socket, that misbehaves when the test says so and otherwise answers like Soledad.
 * It takes any token. Runs in Node only.
 */
export const misbehavingServer = async ({ misbehave }: MisbehavingServerOptions = {}): Promise<MisbehavingServer> => {
  const held: Held = { blobs: new Map(), tombstones: new Set(), flags: new Map() }
  const requests: SeenRequest[] = []
  let connections = 0

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = seen(incoming, outgoing)
    requests.push(request)
    const misbehaviour = misbehave?.(request)
    if (misbehaviour?.do === 'reset') return void incoming.socket.resetAndDestroy()
    if (misbehaviour?.do === 'silence' && misbehaviour.afterBytes === undefined) return void incoming.resume()
    if (misbehaviour?.do === 'answer') {
      incoming.resume()
      return void outgoing.writeHead(misbehaviour.status, misbehaviour.headers).end(misbehaviour.body)
    }
    if (misbehaviour?.do === 'endless') return pour(outgoing, misbehaviour.part)
    const answer = soledadAnswer(held, { ...request, body: await bodyOf(incoming) })
    if (misbehaviour?.do === 'loseAnswer') return void incoming.socket.destroy()
    await send(outgoing, misbehaviour === undefined ? answer : spoilt(request, answer, misbehaviour), misbehaviour)
  }

  const spoilt = (request: SeenRequest, answer: Answered, misbehaviour: Misbehaviour): Answered => {
    switch (misbehaviour.do) {
      case 'tag':
        return { ...answer, headers: misbehaviour.tag === null ? {} : { Tag: misbehaviour.tag } }
      case 'headers':
        return { ...answer, headers: misbehaviour.headers }
      case 'truncate':
        return { ...answer, body: answer.body.slice(0, misbehaviour.bytes) }
      case 'flip':
        return { ...answer, body: flipped(answer.body, misbehaviour.at) }
      case 'swap': {
        const [, , user = ''] = request.path.split('/')
        const other = held.blobs.get(`${user}/${request.query.get('namespace') || 'default'}/${misbehaviour.id}`)
        return other === undefined ? text(404, `Blob doesn't exist: ${misbehaviour.id}`) : blobOf(other)
      }
      default:
        return answer
    }
  }

  const server = createServer((incoming, outgoing) => {
    // The client hanging up in mid-request is the rule here; the request's `wasHungUp` tells it.
    handle(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')

  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests,
    connections: () => connections,
    ...held,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const flipped = (bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> => {
  const copy = bytes.slice()
  const place = at < 0 ? copy.length + at : at
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}

const send = async (outgoing: ServerResponse, { status, headers, body }: Answered, misbehaviour: Misbehaviour | undefined) => {
  outgoing.writeHead(status, { 'Content-Length': body.length, ...headers })
  if (misbehaviour?.do !== 'cut' && misbehaviour?.do !== 'silence') return void outgoing.end(body)
  const first = body.subarray(0, misbehaviour.afterBytes)
  await new Promise<void>((resolve) => {
    outgoing.flushHeaders()
    outgoing.write(first.length === 0 ? '' : first, () => resolve())
  })
  if (misbehaviour.do === 'cut') outgoing.destroy()
}

const pour = async (outgoing: ServerResponse, part: string) => {
  outgoing.writeHead(200)
  while (!outgoing.destroyed) {
    if (outgoing.write(part)) await setImmediate()
    else await new Promise((resolve) => outgoing.once('drain', resolve).once('close', resolve))
  }
}

const seen = (incoming: IncomingMessage, outgoing: ServerResponse): SeenRequest => {
  const url = incoming.url ?? '/'
  const { pathname, searchParams } = new URL(url, 'http://loopback')
  return {
    method: incoming.method ?? '',
    url,
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    wasHungUp: new Promise((resolve) => outgoing.once('close', () => resolve(!outgoing.writableFinished))),
  }
}

const bodyOf = async (incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}
