import * as E from 'fp-ts/Either'
import { afterEach } from 'vitest'
import { SimulatedClock } from 'xstate'
import type { Clock } from '../../src/clock'
import { failureCarriedBy } from '../../src/model/carried-failure'
import type { Failure } from '../../src/model/failure'
import { blobKey, type BlobKey } from '../../src/model/ids'
import { httpRemote, type HttpRemoteOptions } from '../../src/remote/http'
import type { Download, Remote } from '../../src/remote/remote'
import {
  misbehavingServer,
  type MisbehavingServer,
  type Misbehaviour,
  type SeenRequest,
} from '../../src/testing/misbehaving-server'
import { nextTurn } from '../virtual-clock'

const servers: MisbehavingServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** What the server holds as `held`. */
export const bytes = new Uint8Array(100_000).map((_, index) => index * 7)

export const key = (id: string, name?: string): BlobKey => right(blobKey(id, name))

/** XState's simulated clock, as one of ours. */
export const simulatedClock = (startMs = 0): Clock & { readonly increment: (ms: number) => void } => {
  const clock = new SimulatedClock()
  return {
    now: () => startMs + clock.now(),
    setTimeout: (run, delayMs) => clock.setTimeout(run, delayMs),
    clearTimeout: (id) => {
      if (typeof id === 'number') clock.clearTimeout(id)
    },
    increment: (ms) => clock.increment(ms),
  }
}

/** A remote of a server that misbehaves, except about itself. */
export const against = (
  misbehave: (request: SeenRequest) => Misbehaviour | undefined,
  options: Partial<HttpRemoteOptions> = {},
) => againstAll((request) => (request.path === '/' ? undefined : misbehave(request)), options)

/** A remote of a server that misbehaves, also at its root. */
export const againstAll = async (
  misbehave: (request: SeenRequest) => Misbehaviour | undefined,
  options: Partial<HttpRemoteOptions> = {},
) => {
  const server = await misbehavingServer({ misbehave })
  servers.push(server)
  server.blobs.set('ada/default/held', bytes)
  return { server, remote: httpRemote({ url: server.url, user: 'ada', token: 'secret', ...options }) }
}

export type Verb =
  | 'list'
  | 'count'
  | 'put'
  | 'get'
  | 'stat'
  | 'delete'
  | 'list by flag'
  | 'get flags'
  | 'set flags'
  | 'put a batch'
  | 'get a batch'

/** Each call of a remote that can fail. */
export const callsOf = (remote: Remote, signal?: AbortSignal): Map<Verb, () => Promise<E.Either<Failure, unknown>>> => {
  const { namespace } = key('a')
  const { flags, batches } = remote
  if (flags === undefined || batches === undefined) throw new Error('The remote lacks a power.')
  const options = signal === undefined ? {} : { signal }
  return new Map<Verb, () => Promise<E.Either<Failure, unknown>>>([
    ['list', remote.list({ namespace, ...options })],
    ['count', remote.count(namespace, options)],
    ['put', remote.put(key('new'), { sizeBytes: bytes.length, body: bytes, ...options })],
    ['get', remote.get(key('held'), options)],
    ['stat', remote.stat(key('held'), options)],
    ['list by flag', flags.list({ namespace, flag: 'PENDING', order: 'oldest', ...options })],
    ['get flags', flags.get(key('held'), options)],
    ['set flags', flags.set(key('held'), ['PENDING'], options)],
    ['put a batch', batches.put(namespace, [{ id: key('new').id, bytes }], options)],
    ['get a batch', batches.get(namespace, [key('held').id], { bytesMax: bytes.length, ...options })],
    ['delete', remote.delete(key('held'), options)],
  ])
}

/** The request at a place in their order, once it has come. */
export const nextRequest = async (server: MisbehavingServer, place = 0): Promise<SeenRequest> => {
  for (;;) {
    const request = server.requests[place]
    if (request !== undefined) return request
    await nextTurn()
  }
}

export const bytesOf = async ({ body }: Download) => new Uint8Array(await new Response(body).arrayBuffer())

export const bodyFailure = (download: Download) => bytesOf(download).catch((thrown: unknown) => failureCarriedBy(thrown))

export const right = <A>(outcome: E.Either<Failure, A>): A => {
  if (E.isLeft(outcome)) throw new Error(`${outcome.left._tag}: ${outcome.left.message}`)
  return outcome.right
}

export const left = (outcome: E.Either<Failure, unknown>): Failure => {
  if (E.isRight(outcome)) throw new Error('The call should have failed.')
  return outcome.left
}
