import { isDeepStrictEqual } from 'node:util'
import { createActor, createMachine } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { legacyInspector } from '../../src/inspect'
import { memoryRemote } from '../../src/remote/memory'
import { device, text } from '../blob-sync/device'
import { legacyPackage, socketServer, watching } from './viewer'

interface Received {
  readonly type: 'service.register' | 'service.state' | 'service.event' | 'service.stop'
  readonly sessionId: string
  readonly id?: string
  readonly event?: { readonly name: string }
  readonly state?: { readonly value: unknown; readonly matches: (value: string) => boolean }
  readonly machine?: {
    readonly id: string
    readonly events: readonly string[]
    readonly states: object
    readonly transition: (state: unknown, event: string) => { readonly value: unknown }
  }
}

interface Receiver {
  readonly send: (event: object) => void
  readonly subscribe: (listener: (event: Received) => void) => void
}

/** The real @xstate/inspect on the XState 4 that it needs: its server in this process, and its receiver behind a WebSocket. */
const legacy = async () => {
  // It keeps its list of services for the life of the process: each test loads it anew.
  for (const path of Object.keys(legacyPackage.cache))
    if (path.includes('@xstate/inspect')) Reflect.deleteProperty(legacyPackage.cache, path)
  const { inspect } = legacyPackage('@xstate/inspect/lib/server')
  const { createWebSocketReceiver } = legacyPackage('@xstate/inspect')
  const { server, port } = await socketServer()
  const { disconnect } = inspect({ server })
  const connected = new Promise((resolve) => server.once('connection', (client) => client.once('message', resolve)))
  const receiver: Receiver = createWebSocketReceiver({ server: `127.0.0.1:${port}` })
  const events: Received[] = []
  const { tell, until } = watching()
  receiver.subscribe((event) => {
    events.push(event)
    tell()
  })
  onTestFinished(() => {
    disconnect()
    Reflect.deleteProperty(globalThis, '__xstate__')
  })
  await connected
  const born = (id: string) => events.findLast((event) => event.type === 'service.register' && event.id === id)
  return {
    events,
    until,
    born,
    of: (id: string, type: Received['type']) =>
      events.filter((event) => event.type === type && event.sessionId === born(id)?.sessionId),
    lastValue: (id: string) =>
      events.findLast(({ type, sessionId }) => type === 'service.state' && sessionId === born(id)?.sessionId)?.state?.value,
    /** As its viewers send. */
    send: (id: string, event: { readonly type: string }) =>
      receiver.send({
        type: 'xstate.event',
        event: JSON.stringify({ name: event.type, data: event, $$type: 'scxml', type: 'external', origin: born(id)?.sessionId }),
      }),
  }
}

const bridge = () => {
  const made = legacyInspector()
  onTestFinished(made.stop)
  return made
}

test('the real @xstate/inspect learns of every actor of a sync: its chart, its events, its states, its end', async () => {
  const viewer = await legacy()
  const remote = memoryRemote()
  const blobs = device({ remote, inspect: bridge().inspect })
  await blobs.put(text('one'), { id: 'one' })
  await blobs.sync()
  await viewer.until(() => viewer.of('default/one', 'service.stop').length === 1)
  const coordinator = blobs.actor.sessionId
  await viewer.until(() => isDeepStrictEqual(viewer.lastValue(coordinator), blobs.actor.getSnapshot().value))
  expect(viewer.lastValue('default/one')).toBe('SYNCED')
  expect(viewer.of('default/one', 'service.register')).toHaveLength(1)
  expect(viewer.of('default/one', 'service.event').map(({ event }) => event?.name)).toEqual([
    'xstate.init',
    'xstate.done.actor.0.blob.PENDING_UPLOAD.transferring',
  ])
  expect(viewer.lastValue('0.blob.PENDING_UPLOAD.transferring')).toBe('done')
  expect(viewer.of('0.blob.PENDING_UPLOAD.transferring', 'service.stop')).toHaveLength(1)
})

test('the chart that arrives is one of XState 4, with the transitions of ours', async () => {
  const viewer = await legacy()
  const blobs = device({ inspect: bridge().inspect })
  await blobs.put(text('one'), { id: 'one', localOnly: true })
  const stop = blobs.blob('one').subscribe(() => {})
  await viewer.until(() => viewer.born('default/one') !== undefined)
  stop()
  const blob = viewer.born('default/one')?.machine
  expect(blob?.id).toBe('blob')
  expect(blob?.events).toEqual(expect.arrayContaining(['blob.deleted', 'slot.granted', 'blob.woken', 'blob.retried']))
  expect(blob?.transition({ PENDING_UPLOAD: 'transferring' }, 'slot.revoked').value).toEqual({ PENDING_UPLOAD: 'queued' })
  expect(blob?.transition('SYNCED', 'blob.deleted').value).toEqual({ PENDING_DELETE: 'marking' })
  const coordinator = viewer.born(blobs.actor.sessionId)?.machine
  expect(Object.keys(coordinator?.states ?? {}).toSorted()).toEqual(Object.keys(blobs.actor.getSnapshot().value).toSorted())
})

test('events that the viewer sends reach the actor, once, and their effect comes back', async () => {
  const viewer = await legacy()
  const blobs = device({ inspect: bridge().inspect })
  await blobs.ready
  const id = blobs.actor.sessionId
  await viewer.until(() => viewer.born(id) !== undefined)
  viewer.send(id, { type: 'sync.paused' })
  await viewer.until(() => JSON.stringify(viewer.lastValue(id)).includes('"transfers":"paused"'))
  expect(blobs.getSnapshot().transfers).toBe('paused')
  expect(viewer.of(id, 'service.event').filter(({ event }) => event?.name === 'sync.paused')).toHaveLength(1)
  viewer.send(id, { type: 'sync.resumed' })
  await viewer.until(() => JSON.stringify(viewer.lastValue(id)).includes('"transfers":"running"'))
  expect(blobs.getSnapshot().transfers).toBe('running')
})

test('what the viewer sends cannot end the coordinator: words between the actors and malformed ones are not passed on', async () => {
  const viewer = await legacy()
  const blobs = device({ inspect: bridge().inspect })
  await blobs.ready
  const id = blobs.actor.sessionId
  await viewer.until(() => viewer.born(id) !== undefined)
  for (const type of [
    'blob.added',
    'blob.moved',
    'blob.gone',
    'blob.commanded',
    'connectivity.changed',
    'xstate.stop',
    'xstate.error.actor.x',
    'constructor',
  ])
    viewer.send(id, { type })
  viewer.send(id, { type: 'sync.paused' })
  await viewer.until(() => JSON.stringify(viewer.lastValue(id)).includes('"transfers":"paused"'))
  expect(blobs.actor.getSnapshot().status).toBe('active')
  expect(blobs.getSnapshot().connectivity).toBe('online')
})

test('an app that makes the bridge before it calls inspect() is seen as well, by the state that its actors then have', async () => {
  const machine = createMachine({
    id: 'toggle',
    initial: 'off',
    states: { off: { on: { flip: 'on' } }, on: { on: { flip: 'off' } } },
  })
  const actor = createActor(machine, { id: 'early', inspect: bridge().inspect }).start()
  actor.send({ type: 'flip' })
  const viewer = await legacy()
  actor.send({ type: 'flip' })
  await viewer.until(() => viewer.lastValue('early') === 'off')
  viewer.send('early', { type: 'flip' })
  await viewer.until(() => viewer.lastValue('early') === 'on')
  expect(actor.getSnapshot().value).toBe('on')
  actor.stop()
  await viewer.until(() => viewer.of('early', 'service.stop').length === 1)
})

test('after stop() nothing is passed on either way', async () => {
  const viewer = await legacy()
  const own = bridge()
  const blobs = device({ inspect: own.inspect })
  await blobs.ready
  const id = blobs.actor.sessionId
  await viewer.until(() => viewer.born(id) !== undefined)
  own.stop()
  await viewer.until(() => viewer.of(id, 'service.stop').length === 1)
  const told = viewer.events.length
  blobs.pause()
  blobs.resume()
  viewer.send(id, { type: 'sync.paused' })
  const other = createActor(createMachine({ id: 'x' }), { id: 'other', inspect: bridge().inspect }).start()
  await viewer.until(() => viewer.born('other') !== undefined)
  expect(viewer.events.slice(told).filter(({ sessionId, type }) => sessionId === id && type !== 'service.event')).toEqual([])
  expect(blobs.getSnapshot().transfers).toBe('running')
  other.stop()
})
