import { httpRemote } from '../../src/remote/http'
import { ANN, serving } from '../server/serving'
import { device } from './device'
import type { BlobSyncOptions } from '../../src/index'

export interface Passing {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  /** Lets the server answer. */
  readonly go: () => Promise<Response>
}

/** Stands between client and server: undefined lets the request pass. */
export type Between = (passing: Passing) => Promise<Response> | undefined

/** The real server, devices that use it, and a place between them where things may go wrong. */
export const siteWithBetween = async () => {
  const { server, root, call } = await serving()
  let between: Between = () => undefined
  const passed: Passing[] = []

  const fetchThrough: typeof fetch = (input, init) => {
    const request = input instanceof Request ? input : new Request(input, init)
    const { pathname: path, searchParams: query } = new URL(request.url)
    const passing = { method: request.method, path, query, headers: request.headers, go: () => fetch(input, init) }
    passed.push(passing)
    return between(passing) ?? passing.go()
  }
  const remote = httpRemote({ url: server.url, user: 'ann', token: 'secret', fetch: fetchThrough })

  return {
    root,
    call,
    server,
    device: (given: Partial<BlobSyncOptions> = {}) => device({ remote, ...given }),
    step: (how: Between = () => undefined) => {
      between = how
    },
    passed,
    /** Requests so far, as `PUT a`; lists as `GET `. */
    asked: () => passed.map(({ method, path }) => `${method} ${path.slice(path.lastIndexOf('/') + 1)}`),
    /** What another client, without our code, finds on the server. */
    listed: async (query = ''): Promise<unknown> => (await call(`/blobs/ann/${query}`)).json(),
    /** Stores bytes as they are. */
    store: async (id: string, body: Uint8Array<ArrayBuffer>, namespace = 'default') => {
      const { status } = await call(`/blobs/ann/${id}?namespace=${namespace}`, { method: 'PUT', body })
      if (status !== 200) throw new Error(`The server answers ${status}.`)
    },
    authorization: ANN,
  }
}

export const isFor =
  (wanted: string, id: string) =>
  ({ method, path }: Passing): boolean =>
    method === wanted && path.endsWith(`/${id}`)
