import { request } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { start, type Process } from '../cli/processes'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let server: Process
let address = ''
let port = 0

beforeAll(async () => {
  server = start('start', ['--port', '0'])
  address = await server.line(/^http:/)
  port = Number(new URL(address).port)
})
afterAll(async () => {
  server.signal('SIGINT')
  expect(await server.end).toMatchObject({ code: 0, stderr: '' })
})

type Headers = Readonly<Record<string, string>>

/** What a server answers to a request as it stands here, whatever a browser or `fetch` would add to it. */
const ask = (method: string, path: string, headers: Headers = {}, body = '') =>
  new Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }>((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', port, method, path, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers as Headers, text }))
      },
    )
    asking.on('error', reject)
    asking.end(body)
  })

const account = (headers: Headers = {}, body = '{}') =>
  ask('POST', '/account', { 'content-type': 'application/json', 'content-length': String(body.length), ...headers }, body)

const accountOf = (text: string) => JSON.parse(text) as { readonly user: string; readonly token: string; readonly run: string }

test('a name that was made to lead here is not answered to', async () => {
  for (const host of [`evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `127.0.0.1.evil.example:${port}`]) {
    expect((await ask('GET', '/', { host })).status).toBe(421)
    expect((await account({ host })).text).not.toContain('token')
  }
  expect((await ask('GET', '/', { host: `localhost:${port}` })).status).toBe(200)
})

test('a page from elsewhere gets no account, no list and no feed', async () => {
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    expect((await account(headers)).status).toBe(403)
    expect((await ask('GET', '/server/', headers)).status).toBe(403)
    expect((await ask('GET', '/', headers)).headers['access-control-allow-origin']).toBeUndefined()
  }
  const feed = (origin?: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/changes`, origin === undefined ? {} : { origin })
      socket.on('open', () => (socket.close(), resolve('open')))
      socket.on('error', ({ message }) => resolve(message))
    })
  expect(await feed('https://evil.example')).toContain('403')
  expect(await feed()).toContain('403')
  expect(await feed(address.slice(0, -1))).toBe('open')
})

test('a link from elsewhere may open the page, and frame it nowhere', async () => {
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  const page = await ask('GET', '/', link)
  expect(page.status).toBe(200)
  expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'self'/)
  expect((await ask('GET', '/', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403)
})

test('each browser gets an account of its own, and gets it again by its token alone', async () => {
  const [one, two] = [accountOf((await account()).text), accountOf((await account()).text)]
  expect(one.user).not.toBe(two.user)
  expect(accountOf((await account({}, JSON.stringify(one))).text)).toEqual(one)
  expect(accountOf((await account({}, JSON.stringify({ user: one.user, token: two.token }))).text).user).not.toBe(one.user)
  const lists = async (user: string, token: string) => {
    const authorization = `Token ${Buffer.from(`${user}:${token}`).toString('base64')}`
    return (await ask('GET', `/server/blobs/${two.user}/?namespace=default`, { authorization })).text
  }
  expect(await lists(two.user, two.token)).toBe('[]')
  expect(await lists(one.user, one.token)).not.toBe('[]')
})

test('only what was built is served, whatever a path says', async () => {
  for (const path of [
    '/../start.ts',
    '/%2e%2e/start.ts',
    '/..%2fstart.ts',
    '/package.json',
    '/assets/',
    '//127.0.0.1/x',
    '/index.html/..',
  ]) {
    expect((await ask('GET', path)).status).toBe(404)
  }
  expect((await ask('PUT', '/')).status).toBe(405)
  for (const body of ['', 'no json', '[]', JSON.stringify({ user: 1, token: [] })])
    expect([200, 400]).toContain((await account({}, body)).status)
  expect((await account({}, 'x'.repeat(2000))).status).toBe(400)
})
