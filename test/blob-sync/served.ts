import { onTestFinished } from 'vitest'
import { httpRemote, type HttpRemoteOptions } from '../../src/remote/http'
import { misbehavingServer, type Misbehaviour, type SeenRequest } from '../../src/testing/misbehaving-server'
import type { BlobSyncOptions } from '../../src/index'
import { device } from './device'

export type Misbehave = (request: SeenRequest) => Misbehaviour | undefined

export const isList = ({ path }: SeenRequest): boolean => path.endsWith('/')
export const isFor = (method: string, id?: string) => (request: SeenRequest) =>
  request.method === method && !isList(request) && (id === undefined || request.path.endsWith(`/${id}`))

/** A server that misbehaves as it is told, from when it is told, and devices that use it. */
export const served = async () => {
  let misbehave: Misbehave = () => undefined
  const server = await misbehavingServer({ misbehave: (request) => misbehave(request) })
  onTestFinished(() => server.close())
  const remote = (given: Partial<HttpRemoteOptions> = {}) =>
    httpRemote({ url: server.url, user: 'ann', token: 'secret', ...given })
  return {
    server,
    remote,
    device: (given: Partial<BlobSyncOptions> = {}) => device({ remote: remote(), ...given }),
    behave: (how: Misbehave = () => undefined) => {
      misbehave = how
    },
    /** Requests so far, as `PUT a`; lists as `GET `. */
    asked: () => server.requests.map(({ method, path }) => `${method} ${path.slice(path.lastIndexOf('/') + 1)}`),
  }
}

/** Misbehaves so at the requests that are meant, and at no other. */
export const when =
  (isMeant: (request: SeenRequest) => boolean, misbehaviour: Misbehaviour): Misbehave =>
  (request) =>
    isMeant(request) ? misbehaviour : undefined

export const answer = (status: number, headers: Record<string, string> = {}, body = ''): Misbehaviour => ({
  do: 'answer',
  status,
  headers,
  body,
})
