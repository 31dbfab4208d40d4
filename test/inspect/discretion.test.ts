import type { InspectionEvent } from 'xstate'
import { expect, onTestFinished, test } from 'vitest'
import { legacyInspector, statelyInspector } from '../../src/inspect'
import { clean } from '../../src/inspect/clean'
import { device, recordOf, text } from '../blob-sync/device'
import { indiscreetSync, plants } from './plants'
import { onText, socketServer, watching } from './viewer'

const expectNothingIn = (text: string) => {
  for (const plant of plants) expect(text.includes(plant), plant).toBe(false)
}

/** Everything that an object holds, also what JSON leaves out. */
const allOf = (value: unknown, seen = new Set<unknown>()): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  if (value instanceof Uint8Array) return [...value].join(',')
  const names = Reflect.ownKeys(value).filter((name) => name !== 'prototype')
  return names.map((name) => `${String(name)}=${allOf(Reflect.get(value, name), seen)}`).join(';')
}

test('the scenario is indiscreet: XState itself tells most of what must not leave', async () => {
  const told: string[] = []
  await indiscreetSync((event: InspectionEvent) =>
    told.push('snapshot' in event ? allOf(event.snapshot) : '', 'event' in event ? allOf(event.event) : ''),
  )
  const text = told.join('\n')
  expect(plants.filter((plant) => text.includes(plant)).length).toBeGreaterThan(6)
})

test('no secret, token, payload byte, file name or message goes over the WebSocket, and the failures are told by their tags', async () => {
  const { server, port } = await socketServer()
  const { tell, until } = watching()
  let text = ''
  server.on('connection', (client) =>
    onText(client, (message) => {
      text += `${message}\n`
      tell()
    }),
  )
  const { inspect, ready, stop } = statelyInspector({ url: `ws://127.0.0.1:${port}` })
  onTestFinished(stop)
  await ready
  const blobs = await indiscreetSync(inspect)
  const isEnd = (line: string) => line.includes('"status":"stopped"') && line.includes(`"sessionId":"${blobs.actor.sessionId}"`)
  await until(() => text.split('\n').some(isEnd))
  expectNothingIn(text)
  for (const word of ['"_tag":"Forbidden"', '"_tag":"Exists"', '"_tag":"Unreachable"', '"held":"conflict"', '"id":"taken"'])
    expect(text.includes(word), word).toBe(true)
  expect(/"(seal|tag|message|stack)":/.test(text)).toBe(false)
})

test('no secret, token, payload byte, file name or message reaches what @xstate/inspect is given', async () => {
  let text = ''
  const listeners: ((service: object) => void)[] = []
  Reflect.set(globalThis, '__xstate__', {
    register: (service: {
      state: object
      machine: { definition: object }
      subscribe: (listener: (state: object) => void) => void
      send: unknown
    }) => {
      text += allOf(service.state) + allOf(service.machine.definition)
      service.subscribe((state) => (text += allOf(state)))
      const send = service.send as (event: object) => unknown
      service.send = (event: object) => {
        text += allOf(event)
        return send(event)
      }
      for (const listener of listeners) listener(service)
    },
  })
  onTestFinished(() => void Reflect.deleteProperty(globalThis, '__xstate__'))
  const { inspect, stop } = legacyInspector()
  onTestFinished(stop)
  await indiscreetSync(inspect)
  expect(text.includes('Forbidden')).toBe(true)
  expectNothingIn(text)
})

test('only what is named may leave, and only as what it is said to be', () => {
  expect(
    clean({ sizeBytes: 'text', isHere: 'yes', held: 'a name', namespace: 'a b', id: 'x/y', _tag: 'Secret', priority: 3 }),
  ).toEqual({})
  expect(
    clean({ sizeBytes: 3, isHere: true, held: 'conflict', namespace: 'n', id: 'x', _tag: 'Tampered', priority: 'low' }),
  ).toEqual({
    sizeBytes: 3,
    isHere: true,
    held: 'conflict',
    namespace: 'n',
    id: 'x',
    _tag: 'Tampered',
    priority: 'low',
  })
  expect(
    clean({ output: new Uint8Array([1, 2, 3]), record: 'text', records: [{ seal: 's' }, {}], unknown: { sizeBytes: 1 } }),
  ).toEqual({
    output: {},
    records: 2,
  })
  const circle: Record<string, unknown> = { turn: 1 }
  circle['record'] = circle
  expect(JSON.stringify(clean(circle)).length).toBeLessThan(200)
  expect(clean(JSON.parse('{"__proto__": {"turn": 1}, "constructor": 1, "toString": true}'))).toEqual({})
})

test('of a record all leaves but seal and tag, of a context all but what is beside the chart: a new field must be decided on', async () => {
  const record = recordOf('x', { status: 'SYNCED', seal: 's', tag: 't' })
  const withheld = (whole: object) => Object.keys(whole).filter((name) => !(name in clean(whole)))
  expect(withheld(record)).toEqual(['seal', 'tag'])
  const checkpoint = { seal: 's', encryptedBytes: 4, plaintextBytes: 3 }
  const upload = { session: 'https://blobs.example/uploads/ada/5', sentBytes: 2 }
  expect(clean({ ...record, upload, download: { checkpoint, sizeBytes: 5, tag: 't' } })).toMatchObject({
    upload: { sentBytes: 2 },
    download: { checkpoint: { encryptedBytes: 4, plaintextBytes: 3 }, sizeBytes: 5 },
  })
  expect(JSON.stringify(clean({ record: { ...record, upload } }))).not.toMatch(/ada|session/)
  const contexts = new Map<string, object>()
  const blobs = device({
    inspect: (event) => {
      if (event.type !== '@xstate.snapshot' || !('context' in event.snapshot)) return
      contexts.set(
        'id' in event.actorRef && String(event.actorRef.id).includes('/') ? 'blob' : 'coordinator',
        event.snapshot.context as object,
      )
    },
  })
  await blobs.put(text('x'))
  await blobs.sync()
  expect([...contexts.keys()].toSorted()).toEqual(['blob', 'coordinator'])
  expect(withheld(contexts.get('blob') ?? {})).toEqual(['backoff'])
  expect(withheld(contexts.get('coordinator') ?? {})).toEqual(['pace', 'backoff', 'actors'])
})
