import { Hono, type Context } from 'hono'
import * as answers from './answers'
import type { StoredBytes } from './backend'
import { countedBody } from './counted-body'
import { BodyRefused } from './refusal'

/** One request and its answer, as the log tells of it. */
export interface Exchange {
  /** Of the request's body, or of the answer's. */
  bytes: number
  /** True if the answer goes on after the handler returned it. */
  isStreaming: boolean
  error: unknown
  end: () => void
}

export type Env = { Bindings: Exchange }
export type Asked = Context<Env>

/** Receives a line per request once it is over: method, path, status, bytes of the body in or out, milliseconds. Never a secret. */
export type Log = (line: string) => void

/** An app without routes: what it does not have is 401, as in Soledad; a body that is no good is answered with its refusal. */
export const emptyApp = (failed: () => Response): Hono<Env> => {
  const app = new Hono<Env>({ strict: true })
  app.notFound(() => answers.unauthorized())
  app.onError((error, c) => {
    if (error instanceof BodyRefused) return answers.refused(error.refusal)
    c.env.error = error
    return failed()
  })
  return app
}

/** The app as a fetch handler that logs. */
export const handlerOf =
  (app: Hono<Env>, log: Log | undefined): ((request: Request) => Promise<Response>) =>
  async (request) => {
    const startedAtMs = performance.now()
    let status = 500
    const exchange: Exchange = {
      bytes: 0,
      isStreaming: false,
      error: undefined,
      end: () => {
        const path = new URL(request.url).pathname.slice(0, PATH_CHARACTERS_MAX)
        const ms = (performance.now() - startedAtMs).toFixed(1)
        log?.([request.method, path, status, exchange.bytes, ms, ...reasonOf(exchange.error)].join(' '))
      },
    }
    // Hono would answer a HEAD as a GET; Soledad has none, and only uploads in parts know it.
    const isUnknown = request.method === 'HEAD' && !new URL(request.url).pathname.startsWith('/uploads/')
    const response = isUnknown ? answers.unauthorized() : await app.fetch(request, exchange)
    status = response.status
    if (!exchange.isStreaming) exchange.end()
    return response
  }

const PATH_CHARACTERS_MAX = 600

/** The first line of what went wrong, for the operator only. */
const reasonOf = (error: unknown) => (error instanceof Error ? [`${error.name}: ${error.message.split('\n', 1)[0] ?? ''}`] : [])

/** The bytes of an answer, counted for the log. */
export const tallied = (body: StoredBytes['body'], exchange: Exchange): StoredBytes['body'] => {
  if (body instanceof Uint8Array) {
    exchange.bytes = body.length
    return body
  }
  return talliedStream(body, exchange)
}

/** As `tallied`; the log tells of the request once the stream is at its end. */
export const talliedStream = (body: ByteStream, exchange: Exchange): ByteStream => {
  exchange.isStreaming = true
  return countedBody(body, (bytes, error) => {
    exchange.bytes = bytes
    exchange.error = error
    exchange.end()
  })
}

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>
