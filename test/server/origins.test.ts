import { describe, expect, test } from 'vitest'
import { bytes, serving } from './serving'

const APP = 'https://app.example.org'
const OTHER = 'https://evil.example.org'

const ask = (origin: string, method = 'GET') => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': method, authorization: '' },
})

const corsOf = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('a server that was told the origin of a web app', () => {
  const open = () => serving({ origins: [APP, 'http://localhost:5173'] })

  test.each(['GET', 'PUT', 'POST', 'DELETE'])('lets its browser ask for %s without a token', async (method) => {
    const { call } = await open()
    const response = await call('/blobs/ann/b1', ask(APP, method))
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe(APP)
    expect(response.headers.get('access-control-allow-methods')?.split(', ')).toContain(method)
    const headers = response.headers.get('access-control-allow-headers')?.split(', ')
    expect(headers).toEqual(expect.arrayContaining(['Authorization', 'Content-Type', 'Tag']))
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('shows it good answers, refusals and what nobody has a route for, each with what they say', async () => {
    const { call } = await open()
    await call('/blobs/ann/b1', { method: 'PUT', body: bytes(100) })
    for (const [path, authorization] of [
      ['/blobs/ann/b1', undefined],
      ['/blobs/ann/b1', 'Token bm9ib2R5'],
      ['/blobs/ann/b2', undefined],
      ['/no/such/route', undefined],
      ['/', undefined],
    ] as const) {
      const response = await call(path, { headers: { origin: APP, ...(authorization === undefined ? {} : { authorization }) } })
      expect(response.headers.get('access-control-allow-origin')).toBe(APP)
      expect(response.headers.get('access-control-expose-headers')).toMatch(/Blob-Streams.*Retry-After.*Tag/)
      expect(response.headers.get('vary')).toContain('Origin')
      await response.arrayBuffer()
    }
  })

  test.each([OTHER, `${APP}.evil.example`, `${APP}:8443`, 'http://app.example.org', 'null', `${APP}/`])(
    'tells the browser of an app at %s nothing that lets it see an answer',
    async (origin) => {
      const { call } = await open()
      const asked = await call('/blobs/ann/b1', ask(origin, 'PUT'))
      expect([asked.status, corsOf(asked)]).toEqual([401, []])
      const answered = await call('/blobs/ann/', { headers: { origin } })
      expect([answered.status, corsOf(answered), answered.headers.get('vary')]).toEqual([200, [], 'Accept, Origin'])
    },
  )

  test('asks for the token as ever', async () => {
    const { call } = await open()
    const response = await call('/blobs/ann/', { headers: { origin: APP, authorization: '' } })
    expect(response.status).toBe(404)
  })

  test('answers an OPTIONS that asks nothing as one for which there is no route', async () => {
    const { call } = await open()
    expect((await call('/blobs/ann/b1', { method: 'OPTIONS', headers: { origin: APP } })).status).toBe(401)
  })
})

test('a server that was told no origin says nothing about any', async () => {
  const { call } = await serving()
  const asked = await call('/blobs/ann/b1', ask(APP, 'PUT'))
  const answered = await call('/blobs/ann/', { headers: { origin: APP } })
  expect([asked.status, corsOf(asked), corsOf(answered), answered.headers.get('vary')]).toEqual([401, [], [], 'Accept'])
})

test.each([
  '*',
  'null',
  'https://app.example.org/',
  'app.example.org',
  'HTTPS://APP.example.org',
  'https://app.example.org:443',
  'ftp://a',
])('“%s” is no origin, and a server that is told so does not start', async (origin) => {
  await expect(serving({ origins: [origin] })).rejects.toThrow('is no origin')
})
