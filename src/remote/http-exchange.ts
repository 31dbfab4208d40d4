import * as E from 'fp-ts/Either'
import ky from 'ky'
import type { Clock } from '../clock'
import { failure, type Failure } from '../model/failure'
import type { Access } from './access'
import { guardedBody } from './guarded-body'
import { failureOf } from './http-failure'
import { reasonOf } from './reason-of'
import type { Sendable } from './sendable'
import { watchdog, type Watchdog } from './watchdog'

export interface Line {
  readonly access: Access
  readonly clock: Clock
  readonly timeoutMs: number
  readonly stallMs: number
  readonly fetch: typeof fetch
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  /** The request in words, for messages. */
  readonly asked: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Sendable
  readonly signal?: AbortSignal | undefined
  /** True where a 409 says that an id is taken. @default false */
  readonly creates?: boolean
  /** True where a 404 or a 410 says that an upload in parts is over or has expired. @default false */
  readonly isSession?: boolean
  /** True asks without a token. @default false */
  readonly isAnonymous?: boolean
  /** The longest wait for the answer's headers. @default the line's */
  readonly timeoutMs?: number
}

/** A good answer. Its body must be taken: read, or dropped by giving the watchdog up. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null
  readonly watchdog: Watchdog
}

export type Exchange = (request: Request) => Promise<E.Either<Failure, Answer>>

const TEXT_BYTES_MAX = 4096

/** Asks and waits for the headers of a good answer; any other is the failure that it stands for. */
export const exchangeOver = ({ access, clock, timeoutMs, stallMs, fetch }: Line): Exchange => {
  // No timeout of ky's: its timer would end with the headers, and the watchdog also guards what comes after them.
  const send = ky.create({
    retry: 0,
    throwHttpErrors: false,
    timeout: false,
    redirect: 'manual',
    credentials: 'omit',
    fetch,
  })

  const authorize = async (dog: Watchdog, limitMs: number): Promise<E.Either<Failure, Readonly<Record<string, string>>>> => {
    const header = await dog.watch(limitMs, `The app gave no token for ${limitMs} ms.`, access.header)
    return E.map((Authorization: string) => ({ Authorization }))(E.flatten(header))
  }

  return async ({
    method,
    url,
    asked,
    headers,
    body,
    signal,
    creates,
    isSession,
    isAnonymous,
    timeoutMs: limitMs = timeoutMs,
  }) => {
    const dog = watchdog(clock, signal)
    const authorization = isAnonymous === true ? E.right({}) : await authorize(dog, limitMs)
    if (E.isLeft(authorization)) {
      dog.release()
      return authorization
    }
    const answered = await dog.watch(limitMs, `${asked}: the server did not answer for ${limitMs} ms.`, () =>
      send(url, {
        method,
        body: body ?? null,
        signal: dog.signal,
        headers: { ...headers, ...authorization.right },
        // Without a cache, browsers ask again before each request whether they may send it; what is no GET or HEAD is never answered from one.
        cache: method === 'GET' || method === 'HEAD' ? 'no-store' : 'default',
      }).catch((thrown: unknown) => {
        throw new Error(`${reasonOf(thrown)}${barred(url)}`)
      }),
    )
    if (E.isLeft(answered)) {
      dog.release()
      return answered
    }
    const response = answered.right
    const answer = { status: response.status, headers: response.headers, body: response.body, watchdog: dog }
    if (isGood(method, response.status, headers)) return E.right(answer)
    const refusal = {
      asked,
      status: response.status,
      retryAfter: response.headers.get('Retry-After'),
      text: await textOf(answer, stallMs),
      creates: creates === true,
      isSession: isSession === true,
    }
    dog.release()
    // A refusal may come before the upload is through: the rest of it need not be sent.
    if (body !== undefined) dog.giveUp(failure('Aborted', 'The server refused the upload.'))
    return E.left(signal?.aborted === true ? failure('Aborted', 'The call was aborted.') : failureOf(refusal, clock.now()))
  }
}

/** Reads a short answer to its end, so that its connection can serve again; what goes wrong with it no longer matters. */
export const finish = async (answer: Answer, stallMs: number): Promise<void> => {
  await textOf(answer, stallMs)
  answer.watchdog.release()
}

const textOf = async ({ body, watchdog }: Answer, stallMs: number): Promise<string> => {
  if (body === null) return ''
  const reader = guardedBody(body, watchdog, { stallMs, sizeBytes: null, bytesMax: Infinity }).getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytesLeft = TEXT_BYTES_MAX
  try {
    for (let part = await reader.read(); !part.done && bytesLeft > 0; part = await reader.read()) {
      text += decoder.decode(part.value.subarray(0, bytesLeft), { stream: true })
      bytesLeft -= part.value.length
    }
    await reader.cancel()
  } catch {
    // What came before it broke will do.
  }
  return text
}

/** Browsers do not tell a page that it is not let in from a server that is not there. */
const barred = (url: string): string => {
  const { location }: { readonly location?: Location } = globalThis
  return location === undefined || url.startsWith(`${location.origin}/`) ? '' : `, or it lets no page of ${location.origin} in`
}

const isGood = (method: Request['method'], status: number, asked: Request['headers']): boolean =>
  status === 200 || (method === 'GET' ? status === 206 && asked?.['Range'] !== undefined : status === 201 || status === 204)
