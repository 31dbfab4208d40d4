import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { attachRelay } from '../../docs/demo/relay'
import { statelyInspector } from '../../src/inspect'
import { memoryRemote } from '../../src/remote/memory'
import { device, text } from '../blob-sync/device'
import { statelyViewer } from './viewer'

const served = async () => {
  const server = createServer((_request, response) => response.end('page'))
  const relay = attachRelay(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    relay.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { server, relay, port, url: `ws://127.0.0.1:${port}/relay` }
}

const seen = (url: string, name: string) => {
  const inspector = statelyInspector({ url: `${url}?device=${name}` })
  onTestFinished(inspector.stop)
  return inspector
}

test('two devices in Node are told apart by one viewer, also by one that comes after all has happened', async () => {
  const { url } = await served()
  const remote = memoryRemote()
  const early = statelyViewer(url)
  const a = device({ remote, inspect: seen(url, 'a').inspect })
  const b = device({ remote, inspect: seen(url, 'b').inspect })
  await a.put(text('one'), { id: 'one' })
  await a.sync()
  await b.sync()
  const isTold = ({ events }: ReturnType<typeof statelyViewer>) =>
    ['a', 'b'].every((name) => {
      const own = events.findLast(
        ({ type, sessionId }) =>
          type === '@xstate.actor' &&
          sessionId.startsWith(`${name}/`) &&
          sessionId === `${name}/${(name === 'a' ? a : b).actor.sessionId}`,
      )
      return own !== undefined
    }) && events.filter((event) => event.type === '@xstate.snapshot' && event.snapshot.status === 'stopped').length >= 2
  await early.until(() => isTold(early))
  const late = statelyViewer(url)
  await late.until(() => isTold(late))
  for (const { sessionId, rootId } of late.events) expect(rootId?.split('/')[0]).toBe(sessionId.split('/')[0])
})

test('when a device goes away, viewers are told that its actors are no more', async () => {
  const { url } = await served()
  const viewer = statelyViewer(url)
  const { inspect, stop } = seen(url, 'a')
  const blobs = device({ inspect })
  await blobs.ready
  const id = `a/${blobs.actor.sessionId}`
  const statusOf = () =>
    viewer.events.findLast((event) => event.type === '@xstate.snapshot' && event.sessionId === id) as
      | { snapshot: { status: string } }
      | undefined
  await viewer.until(() => statusOf()?.snapshot.status === 'active')
  stop()
  await viewer.until(() => statusOf()?.snapshot.status === 'stopped')
})

const knock = (url: string, headers: Record<string, string>, host?: string) =>
  new Promise<string>((resolve) => {
    const socket = new WebSocket(url, { headers: { ...headers, ...(host === undefined ? {} : { host }) } })
    socket.on('open', () => {
      socket.close()
      resolve('open')
    })
    socket.on('unexpected-response', (_asked, { statusCode }) => resolve(String(statusCode)))
    socket.on('error', (error) => resolve(error.message))
  })

test('a page of another site cannot listen, nor one whose name was bound to this machine; the own page can', async () => {
  const { url, port } = await served()
  expect(await knock(url, { origin: `http://127.0.0.1:${port}` })).toBe('open')
  expect(await knock(url, {})).toBe('open')
  for (const origin of [
    'https://evil.example',
    `http://localhost:${port}`,
    `https://127.0.0.1:${port}`,
    `http://127.0.0.1:${port + 1}`,
    'null',
    '',
  ])
    expect(await knock(url, { origin }), origin).toBe('403')
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    '127.0.0.1',
    `127.0.0.1:${port + 1}`,
  ])
    expect(await knock(url, { origin: `http://${host}` }, host), host).toBe('403')
  expect(await knock(`ws://127.0.0.1:${port}/other`, {})).toBe('404')
})

test('what is no message of an inspector ends its connection and reaches nobody; a message that is too long does too', async () => {
  const { url } = await served()
  const viewer = statelyViewer(url)
  const ending = (sent: string | Uint8Array) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(url)
      socket.on('open', () => socket.send(sent))
      socket.on('error', () => {})
      socket.on('close', resolve)
    })
  for (const sent of [
    'x',
    '{}',
    '[]',
    'null',
    '{"type":"@xstate.actor"}',
    '{"type":"@xstate.other","sessionId":"x"}',
    new Uint8Array([123, 125]),
  ])
    expect(await ending(sent)).toBe(1008)
  expect(await ending(JSON.stringify({ type: '@xstate.event', sessionId: 'x', event: { type: 'x'.repeat(300_000) } }))).toBe(1009)
  const { inspect } = seen(url, 'a')
  device({ inspect })
  await viewer.until(() => viewer.events.length > 0)
  expect(viewer.events.every(({ sessionId }) => sessionId.startsWith('a/'))).toBe(true)
})

test('the page itself is served as before', async () => {
  const { port } = await served()
  const body = await new Promise<string>((resolve) => {
    request({ port, host: '127.0.0.1', path: '/' }, (response) =>
      response.on('data', (data: Buffer) => resolve(data.toString())),
    ).end()
  })
  expect(body).toBe('page')
})
