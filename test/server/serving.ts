import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { serve, type ServeOptions } from '../../src/server/serve'

export const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'blobsync-server-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

export const token = (user: string, secret: string, pad = true) => {
  const encoded = Buffer.from(`${user}:${secret}`).toString('base64')
  return `Token ${pad ? encoded : encoded.replace(/=+$/, '')}`
}

export const ANN = token('ann', 'secret')

/** A server in a folder of its own, and what calls it as Ann. */
export const serving = async (options: Partial<ServeOptions> = {}) => {
  const root = options.root ?? (await folder())
  const lines: string[] = []
  const server = await serve({
    root,
    port: 0,
    accounts: [
      { user: 'ann', token: 'secret' },
      { user: 'bob', token: 'other:secret' },
    ],
    log: (line) => lines.push(line),
    ...options,
  })
  onTestFinished(() => server.close())
  const call = (path: string, init: RequestInit & { duplex?: 'half' } = {}) =>
    fetch(`${server.url}${path}`, { ...init, headers: { authorization: ANN, ...init.headers } })
  return { server, root, lines, call, port: server.port }
}

export const bytes = (length: number, seed = 1): Uint8Array<ArrayBuffer> => {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** A connection that sends what it is told and collects what comes until the other side ends it. */
export const raw = (port: number) => {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  let onData = () => {}
  const text = () => Buffer.concat(chunks).toString('latin1')
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    onData()
  })
  const ended = new Promise<string>((resolve) => {
    socket.on('error', () => {})
    socket.on('close', () => resolve(text()))
  })
  return {
    socket,
    ended,
    send: (data: string | Uint8Array) => new Promise<void>((resolve) => socket.write(data, () => resolve())),
    /** Resolves when what came so far matches. */
    seen: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        onData = () => {
          if (pattern.test(text())) resolve(text())
        }
        onData()
      }),
  }
}

export const head = (method: string, path: string, ...headers: string[]) =>
  [`${method} ${path} HTTP/1.1`, 'Host: localhost', `Authorization: ${ANN}`, ...headers, '', ''].join('\r\n')
