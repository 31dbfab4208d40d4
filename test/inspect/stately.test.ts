import { isDeepStrictEqual } from 'node:util'
import { createActor, createMachine, type InspectionEvent } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { statelyInspector } from '../../src/inspect'
import { memoryRemote } from '../../src/remote/memory'
import { device, text } from '../blob-sync/device'
import { onText, socketServer, statelyViewer, watching } from './viewer'

/** Passes on what one client says to all others, as any relay does. */
const hub = async () => {
  const { server, port, close } = await socketServer()
  server.on('connection', (client) =>
    onText(client, (text) => {
      for (const other of server.clients) if (other !== client) other.send(text)
    }),
  )
  return { url: `ws://127.0.0.1:${port}`, port, close }
}

const inspector = (url: string) => {
  const made = statelyInspector({ url })
  onTestFinished(made.stop)
  return made
}

test('a receiver behind a WebSocket learns of every actor of a sync, and of the state in which each comes to rest', async () => {
  const { url } = await hub()
  const viewer = statelyViewer(url)
  const remote = memoryRemote()
  const a = device({ remote })
  await a.put(text('one'), { id: 'one' })
  await a.put(text('two'), { id: 'two' })
  await a.sync()
  const { inspect, ready } = inspector(url)
  await ready
  const b = device({ remote, inspect })
  await b.sync()
  await viewer.until(() => ['one', 'two'].every((id) => viewer.states().get(`default/${id}`)?.status === 'stopped'))
  const rest = b.actor.getSnapshot().value
  await viewer.until(() => isDeepStrictEqual(viewer.states().get('coordinator')?.value, rest))
  expect(viewer.states().get('default/one')?.value).toBe('SYNCED')
  expect(viewer.states().get('default/two')?.value).toBe('SYNCED')
  const tasks = viewer.events.flatMap((event) =>
    event.type === '@xstate.actor' && !('context' in event.snapshot) ? [event.name] : [],
  )
  expect(tasks).toContain('0.coordinator.reconciliation.recalling')
  expect(tasks).toContain('0.blob.PENDING_DOWNLOAD.transferring')
})

test('a viewer that comes late, or comes again, is told how every living actor stands, however much was said before', async () => {
  const { server, port } = await socketServer()
  const received: string[][] = []
  const { tell, until } = watching()
  server.on('connection', (client) => {
    const own: string[] = []
    received.push(own)
    onText(client, (message) => {
      own.push(message)
      tell()
    })
  })
  const machine = createMachine({ id: 'talker', initial: 'a', states: { a: { on: { go: 'b' } }, b: { on: { go: 'a' } } } })
  const { next, ready } = inspector(`ws://127.0.0.1:${port}`)
  await ready
  const quiet = createActor(machine, { id: 'quiet', inspect: next }).start()
  quiet.send({ type: 'go' })
  const loud = createActor(machine, { id: 'loud', inspect: next }).start()
  for (let times = 0; times < 3001; times += 1) loud.send({ type: 'go' })
  const lastOf = (messages: readonly string[], id: string) =>
    messages
      .map((message) => JSON.parse(message))
      .findLast((event) => event.sessionId === id && event.type === '@xstate.snapshot')
  const stands = (messages: readonly string[] = []) =>
    [quiet, loud].every(({ sessionId }) => lastOf(messages, sessionId)?.snapshot.value === 'b')
  await until(() => stands(received[0]))
  for (const client of server.clients) client.terminate()
  await until(() => stands(received[1]))
  expect(received[1]?.length).toBeLessThan(2000)
})

test('a viewer that was not there yet is tried again', async () => {
  const taken = await socketServer()
  await taken.close()
  const { next, ready } = inspector(`ws://127.0.0.1:${taken.port}`)
  await ready
  createActor(createMachine({ id: 'waits' }), { inspect: next }).start()
  const server = new WebSocketServer({ host: '127.0.0.1', port: taken.port })
  onTestFinished(() => {
    server.close()
  })
  const first = await new Promise<string>((resolve) => {
    server.on('connection', (client) => onText(client, resolve))
  })
  expect(JSON.parse(first)).toMatchObject({ type: '@xstate.actor', name: 'waits' })
})

test('without the url of a viewer it says what it needs', () => {
  expect(() => statelyInspector({ url: '' })).toThrow('needs the url of a viewer')
  expect(() => statelyInspector({ url: '/inspector.html' })).toThrow('needs the url of a viewer')
  expect(() => statelyInspector({ url: 'https://example.org' })).toThrow('the url of a WebSocket')
})

test('an app that passes on later what it kept of the births is seen by the states that its actors have then', async () => {
  const { url } = await hub()
  const viewer = statelyViewer(url)
  const kept: InspectionEvent[] = []
  const remote = memoryRemote()
  const blobs = device({ remote, inspect: (event) => event.type === '@xstate.actor' && kept.push(event) })
  await blobs.put(text('one'), { id: 'one', localOnly: true })
  const stop = blobs.blob('one').subscribe(() => {})
  await blobs.idle()
  const { next, ready } = inspector(url)
  await ready
  for (const event of kept) next(event)
  await viewer.until(() => isDeepStrictEqual(viewer.states().get('default/one')?.value, { PENDING_UPLOAD: 'held' }))
  await viewer.until(() => isDeepStrictEqual(viewer.states().get('coordinator')?.value, blobs.actor.getSnapshot().value))
  stop()
})
