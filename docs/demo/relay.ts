import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { replay, type Replay, type Told } from '../../src/inspect/replay.ts'
import { teller, type Teller } from '../../src/inspect/teller.ts'

export interface RelayOptions {
  /** @default '/relay' */
  readonly path?: string
}

export interface Relay {
  /** Cuts every connection; the http server stays. */
  readonly close: () => void
}

const RECENT = 500
const MESSAGE_BYTES_MAX = 256 * 1024
const CLIENTS_MAX = 64
const TOO_MANY = 1013
const NO_MESSAGE = 1008

/**
 * Lets devices in Node be seen by the inspector's page: what a `statelyInspector({ url: 'ws://…/relay?device=name' })` says, each viewer on the
 * same server hears, also one that comes late. Only this machine is let in, and of its browsers only pages of this server.
 */
export const attachRelay = (server: Server, { path = '/relay' }: RelayOptions = {}): Relay => {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX })
  const tellers = new Map<WebSocket, Teller>()
  const devices = new Map<string, Replay<Kept>>()

  const tellAll = (from: WebSocket, message: object) => {
    for (const [client, { tell }] of tellers) if (client !== from) tell(message)
  }
  const welcome = (client: WebSocket, wanted: string) => {
    let name: string | null = null
    const others = () => [...devices].flatMap(([device, past]) => (device === name ? [] : past.all().map(({ what }) => what)))
    const own = teller(client, others)
    tellers.set(client, own)
    own.tellPast()
    client.on('message', (data, isBinary) => {
      const message = isBinary || !(data instanceof Buffer) ? null : messageIn(data.toString())
      if (message === null) return client.close(NO_MESSAGE, 'This is no message of @statelyai/inspect.')
      name ??= freeName(devices, wanted)
      const past = devices.get(name) ?? replay<Kept>(RECENT)
      devices.set(name, past)
      const kept = keptOf(message, name)
      past.push(kept)
      tellAll(client, kept.what)
    })
    client.on('error', () => client.terminate())
    client.on('close', () => {
      own.stop()
      tellers.delete(client)
      const past = name === null ? undefined : devices.get(name)
      if (name === null || past === undefined) return
      devices.delete(name)
      for (const ended of endOf(past.all())) tellAll(client, ended)
    })
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const asked = new URL(request.url ?? '/', 'http://localhost')
    if (asked.pathname !== path) {
      if (server.listenerCount('upgrade') === 1) refuse(socket, '404 Not Found')
      return
    }
    if (!isFromHere(request, server)) return refuse(socket, '403 Forbidden')
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (tellers.size >= CLIENTS_MAX) return client.close(TOO_MANY, 'There are too many connections.')
      welcome(client, (asked.searchParams.get('device') ?? '').replaceAll(/[^\w-]/g, '').slice(0, 40))
    })
  }
  server.on('upgrade', upgrade)

  return {
    close: () => {
      server.off('upgrade', upgrade)
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    },
  }
}

/** Names that lead to this machine, under which no other site's page can come (a name that is rebound would say itself here). */
const loopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** A browser names the page that asks; what names none is no browser. */
const isFromHere = ({ headers: { host = '', origin } }: IncomingMessage, server: Server): boolean => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const isHostOurs = loopback.test(host) && (host.endsWith(`:${port}`) || (port === 80 && !/:\d+$/.test(host)))
  return isHostOurs && (origin === undefined || origin === `http://${host}`)
}

const refuse = (socket: Duplex, status: string) => {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

type Fields = Readonly<Record<string, unknown>>

interface Kept extends Told {
  readonly what: Fields
}

interface Message extends Told {
  readonly fields: Fields
}

const types = ['@xstate.actor', '@xstate.event', '@xstate.snapshot'] as const

const isFields = (u: unknown): u is Fields => typeof u === 'object' && u !== null && !Array.isArray(u)

const messageIn = (text: string): Message | null => {
  const fields = parsed(text)
  if (!isFields(fields)) return null
  const { sessionId, snapshot } = fields
  const type = types.find((known) => known === fields['type'])
  if (type === undefined || typeof sessionId !== 'string') return null
  const isEnd = type === '@xstate.snapshot' && isFields(snapshot) && snapshot['status'] !== 'active'
  return { type, sessionId, isEnd, fields }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const idNames = ['sessionId', 'rootId', 'parentId', 'sourceId']

/** Each process counts its actors from 0: the device's name tells them apart. */
const keptOf = ({ fields, ...told }: Message, device: string): Kept => {
  const ids = idNames.flatMap((name) => (typeof fields[name] === 'string' ? [[name, `${device}/${fields[name]}`] as const] : []))
  return { ...told, what: { ...fields, ...Object.fromEntries(ids) } }
}

const freeName = (taken: ReadonlyMap<string, unknown>, wanted: string): string => {
  const base = wanted === '' ? 'device' : wanted
  if (!taken.has(base)) return base
  for (let number = 2; ; number += 1) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`
}

/** What viewers are told of the actors of a device that is gone. */
const endOf = (messages: readonly Kept[]): readonly Fields[] => {
  const last = new Map<string, Fields>()
  for (const { type, sessionId, isEnd, what } of messages) {
    if (isEnd) last.delete(sessionId)
    else if (type !== '@xstate.event') last.set(sessionId, what)
  }
  return [...last.values()].map((what) => ({
    ...what,
    type: '@xstate.snapshot',
    event: { type: 'xstate.stop' },
    snapshot: { ...(isFields(what['snapshot']) ? what['snapshot'] : {}), status: 'stopped' },
  }))
}
