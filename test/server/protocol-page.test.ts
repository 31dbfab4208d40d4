import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytes, serving } from './serving'
import { metadata } from './upload-parts'

const page = await readFile(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8')

/** The cells of all tables, row by row. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

const requests = rows.flatMap(([first = '']) =>
  [...first.matchAll(/^`([A-Z]+) (\/\S+)`$/g)].map(([, method = '', path = '']) => ({ method, path })),
)

describe('our server and the page of the HTTP API', () => {
  test('which names routes', () => {
    expect(requests).toHaveLength(11)
  })

  test.each(requests.filter(({ path }) => !path.startsWith('/incoming/')))(
    'agree on $method $path, which is answered to whom it is and to nobody else',
    async ({ method, path }) => {
      const { call } = await serving()
      await call('/blobs/ann/a', { method: 'PUT', body: bytes(16) })
      const to = path.replace('{user}', 'ann').replace('{id}', method === 'PUT' ? 'b' : 'a')
      const ask = (authorization?: string) =>
        call(to, {
          method,
          headers: {
            'tus-resumable': '1.0.0',
            'upload-length': '99',
            'upload-metadata': metadata('default', 'd'),
            ...(authorization === undefined ? {} : { authorization }),
          },
          ...(method === 'PUT' ? { body: bytes(16) } : {}),
          ...(method === 'POST' && !path.startsWith('/uploads/') ? { body: '[]' } : {}),
        })
      expect((await ask('')).status).toBe(404)
      expect((await ask('Token none')).status).toBe(401)
      const answer = await ask()
      expect([200, 201, 204]).toContain(answer.status)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    },
  )

  test('agree on what the server says of itself', async () => {
    const { call } = await serving()
    const { headers } = await call('/', { headers: { authorization: '' } })
    const told = [...headers].filter(([name]) => name.startsWith('blob-')).map(([name, value]) => `${name}: ${value}`)
    const named = rows.flatMap(([first = '']) => {
      const [, name, value] = /^`(Blob-\w+): (\w+)`$/.exec(first) ?? []
      return name === undefined ? [] : [`${name.toLowerCase()}: ${value}`]
    })
    expect(told.toSorted()).toEqual(named.toSorted())
  })

  test('agree on what a browser is told', async () => {
    const origin = 'https://app.example.org'
    const { call } = await serving({ origins: [origin] })
    const headers = { origin, 'access-control-request-method': 'PATCH', authorization: '' }
    const preflight = await call('/uploads/ann/x', { method: 'OPTIONS', headers })
    const named = rows.flatMap(([first = '', value = '']) => {
      const name = /^`Access-Control-(Allow-Methods|Allow-Headers|Max-Age)`$/.exec(first)?.[1]
      return name === undefined ? [] : [[name, value.replaceAll('`', '')]]
    })
    expect(named).toHaveLength(3)
    for (const [name, value] of named) expect(preflight.headers.get(`access-control-${name}`), name).toBe(value)
  })
})
