import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { blobsync, playground, start } from './processes'

const LIMIT_MS = 60_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

let ground: Awaited<ReturnType<typeof playground>>
beforeEach(async () => {
  ground = await playground()
})
afterEach(() => ground.clear())

const token = (text: string) => ({ authorization: `Token ${Buffer.from(text).toString('base64')}` })
const serveArgs = () => [
  'serve',
  '--root',
  ground.path('server'),
  '--port',
  '0',
  '--account',
  'alice:s3cret',
  '--account',
  'bob:b0b',
]
const addressIn = (line: string) => /http:\S+/.exec(line)?.[0] ?? ''

test('a server takes deliveries of its services on a port of their own, and users find them', async () => {
  const server = start('main', [...serveArgs(), '--service', 'mail:T0:KEN', '--incoming-port', '0'])
  const url = addressIn(await server.line(/^Listening on /))
  const incoming = addressIn(await server.line(/^Taking deliveries on http:\/\/127\.0\.0\.1:/))
  const delivery = { method: 'PUT', headers: token('mail:T0:KEN'), body: 'a letter' }
  expect((await fetch(`${incoming}/incoming/bob/l1`, delivery)).status).toBe(200)
  expect((await fetch(`${url}/incoming/bob/l1`, delivery)).status).toBe(401)
  const box = await fetch(`${url}/blobs/bob/?namespace=MX&filter_flag=PENDING`, { headers: token('bob:b0b') })
  expect(await box.json()).toEqual(['l1'])
  server.signal('SIGINT')
  const { code, stdout } = await server.end
  expect(code).toBe(0)
  expect(stdout).toContain('PUT /incoming/bob/l1 200 8 ')
  expect(stdout).not.toContain('T0:KEN')
})

test('without a service there is no such port', async () => {
  const server = start('main', [...serveArgs(), '--json'])
  const listening: unknown = JSON.parse(await server.line(/listening/))
  expect(listening).toEqual({ event: 'listening', url: expect.stringContaining('http://127.0.0.1:') })
  server.signal('SIGINT')
  await server.end
})

test('a server lets the web apps use it that it is told, and no other', async () => {
  const server = start('main', [...serveArgs(), '--origin', 'https://app.example.org', '--origin', 'http://localhost:5173'])
  const url = addressIn(await server.line(/^Listening on /))
  const allowedFor = async (origin: string) =>
    (await fetch(url, { headers: { origin } })).headers.get('access-control-allow-origin')
  expect(await allowedFor('http://localhost:5173')).toBe('http://localhost:5173')
  expect(await allowedFor('https://app.example.org')).toBe('https://app.example.org')
  expect(await allowedFor('https://other.example.org')).toBeNull()
  server.signal('SIGINT')
  await server.end
})

test.each([
  [['--service', 'mail'], '--service takes NAME:TOKEN.'],
  [['--service', ':token'], '--service takes NAME:TOKEN.'],
  [['--service', 'mail:'], '--service takes NAME:TOKEN.'],
  [['--origin', '*'], '--origin takes what a browser calls one'],
  [['--origin', 'https://app.example.org/path'], '--origin takes what a browser calls one'],
  [['--incoming-port', '0'], '--incoming-port needs a --service.'],
  [['--service', 'mail:token', '--incoming-port', 'many'], '--incoming-port takes a whole number'],
])('serve with %j is told what is wrong', async (args, words) => {
  const { code, stderr } = await blobsync([...serveArgs(), ...args])
  expect([code, stderr]).toEqual([1, expect.stringContaining(words)])
})
