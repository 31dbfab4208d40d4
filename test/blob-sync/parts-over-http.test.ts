import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createProxy } from 'node:net'
import type { AddressInfo, Server as Listener, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'
import { expect, onTestFinished, test } from 'vitest'
import { streamingCipher } from '../../src/cipher/streaming'
import { httpRemote } from '../../src/remote/http'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { soledadAnswer, type Held } from '../../src/testing/soledad-answers'
import { device, seen } from './device'

const MiB = 1024 * 1024
const cipher = streamingCipher(noise(64))
const content = noise(6_000_000)

/** A server of Soledad’s API, and beside it a plain tus server whose uploads become its blobs. */
const tusBeside = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobsync-parts-'))
  const held: Held = { blobs: new Map(), tombstones: new Set(), flags: new Map() }
  const tus = new Server({
    path: '/uploads/ada',
    datastore: new FileStore({ directory }),
    relativeLocation: true,
    onUploadFinish: async (_, { id, metadata }) => {
      const key = `ada/${metadata?.['namespace']}/${metadata?.['id']}`
      if (held.blobs.has(key)) throw { status_code: 409, body: 'Blob already exists' }
      held.blobs.set(key, new Uint8Array(await readFile(join(directory, id))))
      return {}
    },
  })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/uploads/') === true) return tus.handle(request, response)
    const url = new URL(request.url ?? '/', 'http://localhost')
    const asked = { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams }
    const { status, headers, body } = soledadAnswer(held, { ...asked, body: await bodyOf(request) })
    response.writeHead(status, { ...headers, 'Blob-Uploads': 'tus', 'Content-Length': body.length }).end(body)
  }
  const server = createServer((request, response) => {
    // A line that is cut in mid-request is the rule here.
    answer(request, response).catch(() => response.destroy())
  })
  onTestFinished(() => rm(directory, { recursive: true }))
  return { held, port: await listening(server) }
}

/** Passes a connection on, and cuts it after so many bytes of the client’s. */
const cutting = async (port: number, bytesUntilCut: () => number) => {
  const seenBytes = { sent: 0, cuts: 0 }
  const proxy = createProxy((client) => {
    const server = connect(port, '127.0.0.1')
    let left = bytesUntilCut()
    const end = () => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    server.on('data', (bytes) => client.write(bytes))
    client.on('data', (bytes) => {
      seenBytes.sent += bytes.length
      left -= bytes.length
      if (left > 0) return server.write(bytes)
      seenBytes.cuts += 1
      client.resetAndDestroy()
      return server.destroy()
    })
  })
  return { seenBytes, port: await listening(proxy) }
}

const listening = async (server: Listener): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

const bodyOf = async (request: IncomingMessage) => new Uint8Array(Buffer.concat(await request.toArray()))

const dice = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'an upload whose line is cut at random, seed %d, arrives whole',
  async (seed) => {
    const random = dice(seed)
    const { held, port } = await tusBeside()
    const line = await cutting(port, () => 300_000 + Math.floor(random() * 2_500_000))
    const remote = httpRemote({ url: `http://127.0.0.1:${line.port}/`, user: 'ada', token: 'secret' })
    const blobs = device({ remote, cipher, backoff: { delaysMs: [5] }, inFlightBytes: 4 * MiB })
    const progress: number[] = []
    blobs.blob('a').subscribe((view) => view.progress !== null && progress.push(view.progress.bytes))
    await blobs.put(content, { id: 'a' })
    await seen(blobs, 'a', ({ status, phase }) => status === 'SYNCED' || phase === 'held')
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
    expect(line.seenBytes.cuts).toBeGreaterThan(0)
    // A part is of 2 MiB at most, and requests have heads.
    expect(line.seenBytes.sent).toBeLessThan(content.length + line.seenBytes.cuts * 2 * MiB + 100_000)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect([...held.blobs.keys()]).toEqual(['ada/default/a'])
    const reader = device({ remote: httpRemote({ url: `http://127.0.0.1:${port}/`, user: 'ada', token: 'secret' }), cipher })
    expectBytes(new Uint8Array(await (await reader.get('a')).arrayBuffer()), content, 'the content')
  },
)

test.each([401, 404])(
  'a server that answers its root with %d takes and gives a big blob whole, with the same token',
  async (status) => {
    const { held, port } = await tusBeside()
    const asked: string[] = []
    const rootless: typeof fetch = async (...call) => {
      const [request] = call
      if (!(request instanceof Request)) throw new TypeError('It is given requests.')
      const { pathname } = new URL(request.url)
      asked.push(`${request.method} ${pathname}`)
      return pathname === '/' ? new Response('<html>', { status }) : fetch(...call)
    }
    const remote = () => httpRemote({ url: `http://127.0.0.1:${port}/`, user: 'ada', token: 'secret', fetch: rootless })
    const blobs = device({ remote: remote(), cipher, backoff: { delaysMs: [5] } })
    await blobs.put(content, { id: 'a' })
    await blobs.sync()
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', lastFailure: null })
    expect([...held.blobs.keys()]).toEqual(['ada/default/a'])
    expect(asked.filter((line) => !/^(GET|PUT) \/(blobs\/|$)/.test(line))).toEqual([])
    const reader = device({ remote: remote(), cipher })
    expectBytes(new Uint8Array(await (await reader.get('a')).arrayBuffer()), content, 'the content')
  },
)
